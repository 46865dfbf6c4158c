"""Forms of the admin: what they save, through which action, and what they refuse."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from billing.models import ModelPrice, UserApiKey
from teams.models import SunaConnection, Team, WorkflowVersion
from tests.fixtures.site_rows import CANARY, EXAMPLES
from tests.functional.admin.conftest import Site, staff_with

pytestmark = pytest.mark.django_db

CONDITIONAL = (EXAMPLES / "conditional.json").read_text()
BAD_JSON = {
    "NUL": '{"type": "sequential\\u0000"}',
    "NaN": '{"limits": NaN}',
    "huge number": '{"limits": 1e400}',
    "too deep": "[" * 100_000 + "]" * 100_000,
    "half a surrogate": '{"type": "\\ud800"}',
    "duplicate key": '{"type": 1, "type": 2}',
    "not JSON": "{type: sequential}",
}


def team_form(team: Team, **changes: str) -> dict[str, str]:
    published = team.published_version
    return {
        "name": team.name,
        "slug": team.slug,
        "description": team.description,
        "owner": str(team.owner_id),
        "connection": str(team.connection_id or ""),
        "payer": "",
        "is_active": "on",
        "definition": (published.source if published else "").replace("\n", "\r\n"),
        "based_on": str(published.pk) if published else "",
        "seen": team.updated_at.isoformat() if team.updated_at else "",
        "note": "",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
        **changes,
    }


def post_team(client: Client, team: Team, **changes: str) -> tuple[int, str]:
    response = client.post(f"/admin/teams/team/{team.pk}/change/", team_form(team, **changes))
    return response.status_code, response.content.decode()


def connection_form(connection: SunaConnection, **changes: str) -> dict[str, str]:
    return {
        "owner": "",
        "name": connection.name,
        "base_url": connection.base_url,
        "wire_profile": connection.wire_profile,
        "limits": "{}",
        "bearer": "",
        "api_key": "",
        **changes,
    }


def post_connection(client: Client, connection: SunaConnection, **changes: str) -> tuple[int, str]:
    address = f"/admin/teams/sunaconnection/{connection.pk}/change/"
    response = client.post(address, connection_form(connection, **changes))
    return response.status_code, response.content.decode()


@pytest.mark.parametrize("value", ["x", "\x00", "9" * 40, "01a1a1a1-0000-7000-8000-000000000000"])
@pytest.mark.parametrize("field", ["owner", "payer"])
def test_somebody_who_is_nobody_is_an_error_of_the_form(
    field: str, value: str, site: Site, admin: Client
) -> None:
    answer = admin.post(f"/admin/teams/team/{site.team.pk}/change/", team_form(site.team, **{field: value}))

    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]


def test_a_changed_definition_becomes_the_next_version_of_the_one_who_saved_it(
    site: Site, admin: Client
) -> None:
    status, _ = post_team(admin, site.team, definition=CONDITIONAL.replace("\n", "\r\n"), note="routes")

    site.team.refresh_from_db()
    version = site.team.published_version
    assert status == 302
    assert version is not None
    assert (version.number, version.author, version.note) == (2, site.superuser, "routes")
    assert version.source == CONDITIONAL


def test_saving_a_team_without_touching_its_definition_makes_no_version(site: Site, admin: Client) -> None:
    status, _ = post_team(admin, site.team, name="Renamed")

    site.team.refresh_from_db()
    assert (status, site.team.name) == (302, "Renamed")
    assert WorkflowVersion.objects.filter(team=site.team).count() == 1


def test_every_problem_of_a_definition_is_an_error_of_the_form_and_nothing_is_saved(
    site: Site, admin: Client
) -> None:
    broken = json.dumps({"type": "sequential", "agents": [{"agent_id": ""}, {"role": "r"}], "colour": 1})

    status, body = post_team(admin, site.team, definition=broken, name="Renamed")

    site.team.refresh_from_db()
    assert status == 200
    assert "/agents/0/agent_id" in body
    assert "/agents/1/agent_id" in body
    assert "/colour" in body
    assert site.team.name == "Analysts"
    assert WorkflowVersion.objects.filter(team=site.team).count() == 1


@pytest.mark.parametrize("text", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_json_that_cannot_be_stored_is_an_error_of_the_form(site: Site, admin: Client, text: str) -> None:
    team_status, _ = post_team(admin, site.team, definition=text)
    connection_status, _ = post_connection(admin, site.connection, limits=text)

    site.connection.refresh_from_db()
    assert team_status == connection_status == 200
    assert WorkflowVersion.objects.filter(team=site.team).count() == 1
    assert site.connection.limits == {}


def test_a_definition_is_refused_when_another_version_was_saved_meanwhile(site: Site, admin: Client) -> None:
    form = team_form(site.team, definition=CONDITIONAL)
    post_team(admin, site.team, definition=CONDITIONAL + "\n")

    response = admin.post(f"/admin/teams/team/{site.team.pk}/change/", form)

    assert response.status_code == 200
    assert b"another version" in response.content
    assert WorkflowVersion.objects.filter(team=site.team).count() == 2


def test_a_workflow_cannot_be_taken_away(site: Site, admin: Client) -> None:
    status, _ = post_team(admin, site.team, definition="  ")

    site.team.refresh_from_db()
    assert status == 200
    assert site.team.published_version is not None


def test_a_team_can_be_added_with_its_workflow(site: Site, admin: Client) -> None:
    form = team_form(Team(name="New", slug="new", owner=site.owner), definition=CONDITIONAL)

    response = admin.post("/admin/teams/team/add/", form)

    team = Team.objects.get(slug="new")
    assert response.status_code == 302
    assert team.published_version is not None
    assert team.published_version.author == site.superuser


def test_a_connection_keeps_its_credential_when_the_inputs_are_left_empty(site: Site, admin: Client) -> None:
    status, _ = post_connection(admin, site.connection, name="Renamed")

    connection = SunaConnection.objects.get(pk=site.connection.pk)
    assert (status, connection.name) == (302, "Renamed")
    assert connection.credential() == {"bearer": CANARY, "api_key": ""}


def test_a_typed_in_part_of_a_credential_replaces_it_and_lifts_the_pause(site: Site, admin: Client) -> None:
    SunaConnection.objects.update(paused_code="credential_refused")

    status, _ = post_connection(admin, site.connection, api_key="pk_1:sk_2")

    connection = SunaConnection.objects.get(pk=site.connection.pk)
    assert status == 302
    assert connection.credential() == {"bearer": CANARY, "api_key": "pk_1:sk_2"}
    assert connection.paused_code == ""


def test_another_address_takes_the_credential_away(site: Site, admin: Client) -> None:
    address = f"/admin/teams/sunaconnection/{site.connection.pk}/change/"
    form = connection_form(site.connection, base_url="https://suna.example.org/api/")

    response = admin.post(address, form, follow=True)

    connection = SunaConnection.objects.get(pk=site.connection.pk)
    assert connection.base_url == "https://suna.example.org/api"
    assert connection.credential() == {"bearer": "", "api_key": ""}
    assert "stored credential was removed" in response.content.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"api_key": "no colon"},
        {"api_key": "pk_1:"},
        {"api_key": ":sk_2"},
        {"bearer": "two\nlines"},
        {"base_url": "https://user:secret@suna.example.org"},
        {"base_url": "ftp://suna.example.org"},
        {"limits": "[1]"},
        {"wire_profile": "made-up"},
    ],
)
def test_a_connection_that_cannot_work_is_an_error_of_the_form(
    site: Site, admin: Client, changes: dict[str, str]
) -> None:
    status, body = post_connection(admin, site.connection, **changes)

    connection = SunaConnection.objects.get(pk=site.connection.pk)
    assert status == 200
    assert connection.base_url == site.connection.base_url
    assert connection.credential()["bearer"] == CANARY
    assert "two\nlines" not in body


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://127.0.0.1:9", "needs an https address"),
        ("https://127.0.0.1:9", "is not a public one"),
        ("https://169.254.169.254/api", "is not a public one"),
        ("https://suna.invalid", "no host of that name"),
    ],
)
def test_somebodys_own_connection_leads_to_public_https_or_listed_hosts_only(
    site: Site, admin: Client, settings: Any, address: str, sentence: str
) -> None:
    own = {"owner": str(site.owner.pk), "base_url": address}
    settings.SUNA_ALLOWED_HOSTS = []

    status, body = post_connection(admin, site.connection, **own)
    site.connection.refresh_from_db()
    assert (status, site.connection.owner) == (200, None)
    assert sentence in body

    settings.SUNA_ALLOWED_HOSTS = [urlsplit(address).hostname]
    assert post_connection(admin, site.connection, **own)[0] == 302
    site.connection.refresh_from_db()
    assert (site.connection.owner, site.connection.base_url) == (site.owner, address)


def test_a_connection_of_the_site_may_lead_to_this_machine(site: Site, admin: Client) -> None:
    status, _ = post_connection(admin, site.connection, base_url="http://127.0.0.1:10")

    assert status == 302


def test_a_price_is_added_in_the_name_of_the_one_who_asks_and_never_changed(site: Site) -> None:
    client = staff_with("petra", "billing.add_modelprice", "billing.view_modelprice")
    form = {
        "provider": "OpenAI",
        "model_name": "gpt-x",
        "input_usd_per_mtok": "1.5",
        "output_usd_per_mtok": "3",
        "cached_usd_per_mtok": "",
        "valid_from_0": "2026-11-01",
        "valid_from_1": "00:00:00",
        "source": "price page, read 2026-11-01",
        "note": "",
    }

    added = client.post("/admin/billing/modelprice/add/", form)
    again = client.post("/admin/billing/modelprice/add/", {**form, "provider": "openai "})
    negative = client.post("/admin/billing/modelprice/add/", {**form, "input_usd_per_mtok": "-1"})
    too_fine = client.post("/admin/billing/modelprice/add/", {**form, "input_usd_per_mtok": "0.0000001"})

    price = ModelPrice.objects.get(model_name="gpt-x")
    assert added.status_code == 302
    assert [again.status_code, negative.status_code, too_fine.status_code] == [200, 200, 200]
    assert (price.provider, price.created_by and price.created_by.username) == ("openai", "petra")
    assert client.post(f"/admin/billing/modelprice/{price.pk}/change/", form).status_code == 403
    assert client.post(f"/admin/billing/modelprice/{price.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_key_is_stored_for_oneself_and_its_value_is_written_nowhere(site: Site) -> None:
    client = staff_with("karl", "billing.add_userapikey", "billing.view_userapikey")
    secret = "sk-this-must-not-be-seen-0123"

    response = client.post(
        "/admin/billing/userapikey/add/", {"service_name": "OpenAI", "key": secret}, follow=True
    )

    row = UserApiKey.objects.with_secret().get(user__username="karl")
    entries = LogEntry.objects.values_list("change_message", "object_repr")
    assert row.service_name == "openai"
    assert row.open_key() == secret
    assert secret not in response.content.decode()
    assert not any(secret in part for entry in entries for part in entry)


def test_a_refused_key_is_not_shown_again(site: Site, admin: Client) -> None:
    response = admin.post(
        "/admin/billing/userapikey/add/", {"service_name": "open_ai", "key": "sk with spaces in it"}
    )

    assert response.status_code == 200
    assert b"sk with spaces" not in response.content
    assert not UserApiKey.objects.filter(user=site.superuser).exists()


def test_staff_can_delete_somebodys_key(site: Site, admin: Client) -> None:
    response = admin.post(f"/admin/billing/userapikey/{site.key.pk}/delete/", {"post": "yes"})

    assert response.status_code == 302
    assert not UserApiKey.objects.filter(pk=site.key.pk).exists()


def test_a_time_zone_that_does_not_exist_is_an_error_of_the_form(site: Site, admin: Client) -> None:
    response = admin.post(
        f"/admin/teams/user/{site.owner.pk}/change/",
        {"username": "olga", "email": "o@example.org", "time_zone": "Mars/Olympus", "language": ""},
    )

    assert response.status_code == 200
    assert b"There is no time zone of that name" in response.content
