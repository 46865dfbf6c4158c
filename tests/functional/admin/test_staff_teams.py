"""Staff run a team that is not theirs, look at its versions, publish one again and export it."""

import json

import pytest
import yaml
from django.test import Client

from executions.models import Execution
from teams.actions.save_version import save_version
from teams.models import Team
from tests.functional.admin.conftest import Site, staff_with

pytestmark = pytest.mark.django_db

NOWHERE = "00000000-0000-7000-8000-000000000000"
SECOND = '{"type": "parallel", "agents": [{"agent_id": "agent-123"}, {"agent_id": "agent-456"}]}'


def address(team: Team, part: str) -> str:
    return f"/admin/workflow/{team.pk}/{part}/"


@pytest.fixture
def team(site: Site) -> Team:
    """Give the site's team with a second version, published."""
    save_version(team=site.team, by=site.owner, source=SECOND, note="Both <b>at once</b>")
    return site.team


def runs(client: Client, team: Team, prompt: str, **more: str) -> int:
    return client.post(address(team, "run"), {"prompt": prompt, **more}).status_code


def test_staff_start_a_team_once_a_form_and_its_payer_pays(site: Site, team: Team) -> None:
    client = staff_with("rita", "teams.view_team", "executions.add_execution", "executions.view_execution")
    form = client.get(address(team, "run"))
    key = str(form.context["form_key"])
    before = Execution.objects.count()

    first = client.post(address(team, "run"), {"prompt": "What of trams?", "form_key": key})
    again = client.post(address(team, "run"), {"prompt": "What of trams?", "form_key": key})

    made = Execution.objects.first()
    assert made is not None
    assert Execution.objects.count() == before + 1
    assert first["Location"] == again["Location"] == f"/admin/executions/execution/{made.pk}/change/"
    assert (made.initial_prompt, made.started_by.username) == ("What of trams?", "rita")
    assert made.payer == site.owner
    assert made.workflow_version == team.published_version


def test_only_staff_with_both_rights_run_a_team(site: Site, team: Team) -> None:
    before = Execution.objects.count()
    owner = Client()
    owner.force_login(site.owner)

    assert runs(owner, team, "Go") == 302
    assert runs(Client(), team, "Go") == 302
    assert runs(staff_with("vera", "teams.view_team", "teams.change_team"), team, "Go") == 403
    assert runs(staff_with("anna", "executions.add_execution"), team, "Go") == 403
    assert Execution.objects.count() == before


def test_what_cannot_be_run_is_said_on_the_form_with_the_prompt_kept(team: Team, admin: Client) -> None:
    before = Execution.objects.count()
    for prompt in ("", "   ", "a\x00b", "x" * 300_000):
        answer = admin.post(address(team, "run"), {"prompt": prompt})
        assert answer.status_code in (400, 413, 422), prompt[:5]
        assert answer.context["problem"], prompt[:5]
    for key in ("\x00", "x" * 10_000, "é\u202e"):
        assert runs(admin, team, "Go", form_key=key) in (302, 400, 422), key[:5]
    Team.objects.filter(pk=team.pk).update(is_active=False)
    off = admin.post(address(team, "run"), {"prompt": "<b>Go</b>"})

    assert "switched off" in off.content.decode()
    assert "&lt;b&gt;Go&lt;/b&gt;" in off.content.decode()
    assert Execution.objects.filter(initial_prompt__in=("", "<b>Go</b>")).count() == 0
    assert Execution.objects.count() <= before + 1


def test_versions_are_listed_compared_and_published_again_by_who_may(team: Team) -> None:
    looker = staff_with("vera", "teams.view_workflowversion")
    writer = staff_with("carl", "teams.view_workflowversion", "teams.change_team")
    page = writer.get(address(team, "versions") + "?after=2")
    body = page.content.decode()
    given = {"number": "1", "mark": page.context["mark"]}

    assert "Both &lt;b&gt;at once&lt;/b&gt;" in body
    assert "From version 1 to version 2" in body
    assert "Publish again" in body
    assert "Publish again" not in looker.get(address(team, "versions")).content.decode()
    assert looker.post(address(team, "versions"), given).status_code == 403
    assert staff_with("nora", "teams.change_team").get(address(team, "versions")).status_code == 403

    done = writer.post(address(team, "versions"), given, follow=True)

    team.refresh_from_db()
    assert "Version 1 is published again, as version 3." in done.content.decode()
    assert team.published_version is not None
    assert team.published_version.number == 3
    assert team.published_version.source == team.versions.get(number=1).source
    assert team.published_version.author is not None
    assert team.published_version.author.username == "carl"


def test_a_version_is_not_published_again_over_one_that_staff_did_not_see(
    site: Site, team: Team, admin: Client
) -> None:
    mark = admin.get(address(team, "versions")).context["mark"]
    save_version(team=team, by=site.owner, source=SECOND, note="meanwhile")

    said = admin.post(address(team, "versions"), {"number": "1", "mark": mark}, follow=True)

    assert "Somebody changed the team meanwhile." in said.content.decode()
    assert team.versions.count() == 3


@pytest.mark.parametrize("number", ["", "0", "-1", "9" * 30, "x", "\x00", "1e400", "٣"])
def test_a_version_that_is_not_there_is_not_found(team: Team, admin: Client, number: str) -> None:
    assert admin.get(address(team, "versions"), {"after": number}).status_code == 404
    assert admin.post(address(team, "versions"), {"number": number}).status_code == 404


def test_a_team_is_exported_as_its_owner_would_export_it(site: Site, team: Team, admin: Client) -> None:
    owner = Client()
    owner.force_login(site.owner)

    sent = admin.get(address(team, "export"))

    assert sent["Content-Disposition"] == f'attachment; filename="{team.slug}.json"'
    assert json.loads(sent.content) == json.loads(owner.get(f"/teams/{team.pk}/export/").content)
    assert staff_with("nora", "teams.change_team").get(address(team, "export")).status_code == 403


def test_the_form_of_a_team_leads_to_all_of_them(team: Team, admin: Client) -> None:
    page = f"/admin/teams/team/{team.pk}"
    body = admin.get(f"{page}/change/").content.decode()

    for part in ("run", "versions", "export"):
        assert f"{page}/{part}/" in body
        assert admin.get(f"{page}/{part}/")["Location"] == address(team, part)
    as_yaml = admin.get(f"{page}/export-yaml/", follow=True)
    assert as_yaml["Content-Disposition"] == f'attachment; filename="{team.slug}.yaml"'
    assert yaml.safe_load(as_yaml.content) == json.loads(admin.get(address(team, "export")).content)
    lists = "/admin/teams/team/"
    assert "Import a document" in admin.get(lists).content.decode()
    assert admin.get(f"{lists}import/")["Location"] == "/teams/import/"
    assert "Import a document" not in staff_with("vera", "teams.view_team").get(lists).content.decode()
    assert admin.get("/admin/teams/team/x/run/").status_code in (302, 403, 404)
    assert admin.get(address(Team(pk=NOWHERE), "run")).status_code == 404
