"""What the team form of the admin asks while staff write: whose right it is, what it says, what it bears."""

import json

import pytest
from django.test import Client

from teams.models import Team
from tests.functional.admin.conftest import Site, staff_with

pytestmark = pytest.mark.django_db

CHECK, DRAW = "/admin/workflow/check/", "/admin/workflow/drawing/"
MISTAKEN = '{\n  "type": "parallel",\n  "agents": [\n    {"agent_id": "agent-123", "colour": 1}\n  ]\n}'


def hostile_texts() -> list[str]:
    return [
        "",
        "\x00",
        '{"type": "sequential\x00"}',
        '{"type": NaN}',
        '{"limits": 1e400}',
        '{"a": -Infinity}',
        "[" * 100_000,
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        '"\\ud800"',
        "\ud7ff\U0010ffff\u202e",
        '{"type": "sequential", "type": "parallel"}',
        "9" * 5_000,
        '{"type": "sequential", "agents": ' + "[]" * 100_000,
    ]


def test_a_mistake_is_told_with_its_line_and_the_agents_with_their_names(site: Site, admin: Client) -> None:
    said = admin.post(CHECK, {"definition": MISTAKEN, "team": site.team.pk}).json()

    assert [(one["code"], one["line"]) for one in said["problems"]] == [("unknown_field", 4)]
    assert {(one["id"], one["name"]) for one in said["agents"]} == {
        ("agent-123", "Ada"),
        ("agent-456", "Bela"),
        ("agent-789", "Chico"),
    }


def test_the_picture_names_the_agents_of_a_team_that_is_not_ones_own(site: Site) -> None:
    client = staff_with("edda", "teams.change_team")
    source = site.team.published_version.source if site.team.published_version else ""

    drawn = client.post(DRAW, {"definition": source, "team": site.team.pk}).content.decode()
    new = client.post(DRAW, {"definition": source}).content.decode()

    assert drawn.count("data-node=") >= 3
    assert "Ada" in drawn
    assert "Ada" not in new


@pytest.mark.parametrize("address", [CHECK, DRAW])
def test_only_staff_who_write_teams_may_ask(site: Site, address: str) -> None:
    given = {"definition": MISTAKEN, "team": site.team.pk}
    owner = Client()
    owner.force_login(site.owner)

    assert Client().post(address, given).status_code == 302
    assert owner.post(address, given).status_code == 302
    assert staff_with("vera", "teams.view_team").post(address, given).status_code == 403
    assert staff_with("anna", "teams.add_team").post(address, given).status_code == 200
    assert staff_with("carl", "teams.change_team").post(address, given).status_code == 200
    assert staff_with("dora", "teams.change_team").get(address).status_code == 405


@pytest.mark.parametrize("address", [CHECK, DRAW])
def test_no_text_and_no_team_makes_it_fail(site: Site, admin: Client, address: str) -> None:
    for text in hostile_texts():
        assert admin.post(address, {"definition": text, "team": site.team.pk}).status_code == 200, text[:40]
    for team in ("x", "0" * 32, "null", "\x00", "1e400", "'"):
        assert admin.post(address, {"definition": "{}", "team": team}).status_code == 404, team
    assert admin.post(address).status_code == 200


def test_the_team_form_refuses_each_hostile_workflow_and_keeps_the_published_one(
    site: Site, admin: Client
) -> None:
    address = f"/admin/teams/team/{site.team.pk}/change/"
    form = admin.get(address).context["adminform"].form
    before = site.team.published_version_id
    given = {
        "name": site.team.name,
        "slug": site.team.slug,
        "owner": site.owner.pk,
        "connection": site.connection.pk,
        "is_active": "on",
        "based_on": form.initial["based_on"],
        "memberships-TOTAL_FORMS": 0,
        "memberships-INITIAL_FORMS": 0,
    }
    for text in hostile_texts():
        answer = admin.post(address, {**given, "definition": text})
        assert answer.status_code == 200, text[:40]
        assert answer.context["adminform"].form.errors, text[:40]

    site.team.refresh_from_db()
    assert site.team.published_version_id == before


def test_the_form_brings_the_editor_for_those_who_write_and_names_its_team(site: Site, admin: Client) -> None:
    change = admin.get(f"/admin/teams/team/{site.team.pk}/change/").content.decode()
    add = admin.get("/admin/teams/team/add/").content.decode()

    assert f'data-check-team="{site.team.pk}"' in change
    assert 'data-check-team=""' in add
    for page in (change, add):
        assert f'data-check-url="{CHECK}"' in page
        assert f'data-draws-form="{DRAW}"' in page
        assert "vendor/json-editor.min.js" in page
    assert Team.objects.count() == 1
    assert json.dumps("agent-123") in change.replace("&quot;", '"')
