"""What belongs to a team's owner alone is on no page of anybody else, whatever their role in the team."""

import json
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from teams.actions.save_version import save_version
from teams.models import TeamRole
from tests.fixtures.every_page import Rows, addresses_of_pages, seed_rows
from tests.fixtures.owner_secrets import store_secrets
from tests.fixtures.people import SEQUENTIAL, make_member

pytestmark = pytest.mark.django_db

FILES = ("execution-events-csv", "execution-events-text")


@pytest.fixture
def rows() -> Rows:
    """Give every kind of row, in the owner's team, whose workflow asks for a key of whoever pays."""
    rows = seed_rows()
    asks = {**SEQUENTIAL, "defaults": {"services": ["openai"]}}
    save_version(team=rows.team, by=rows.owner, source=json.dumps(asks))
    return rows


def answers_to(client: Client, rows: Rows, pages: dict[str, str]) -> Iterator[tuple[str, int, str]]:
    """Yield name, status and text of every page and file, and of what the forms about a run answer."""
    files = {name: reverse(name, args=[rows.execution.pk]) for name in FILES}
    files["team-export"] = reverse("team-export", args=[rows.team.pk])
    for name, address in {**pages, **files}.items():
        response = client.get(address)
        parts = response.streaming_content if response.streaming else [response.content]
        yield name, response.status_code, b"".join(parts).decode()  # type: ignore[arg-type]
    said = {"prompt": "Look into it.", "definition": json.dumps(SEQUENTIAL)}
    for name in ("team-estimate", "team-dry-run"):
        response = client.post(reverse(name, args=[rows.team.pk]), said)
        yield name, response.status_code, response.content.decode()


@pytest.mark.parametrize("role", [TeamRole.VIEWER, TeamRole.OPERATOR, TeamRole.EDITOR])
def test_a_member_is_told_nothing_that_is_the_owners_alone(rows: Rows, role: TeamRole) -> None:
    secrets = store_secrets(rows.team)
    member = Client()
    member.force_login(make_member(rows.team, "mia", role))

    answers = list(answers_to(member, rows, addresses_of_pages(rows)))

    told = {name: found for name, _, body in answers if (found := secrets.in_answer(body))}
    assert told == {}
    opened = {name for name, status, _ in answers if status == 200}
    assert opened >= {"team", "team-run", "team-export", "team-estimate", "execution", "execution-events-csv"}


def test_the_owner_is_told_what_keys_and_credentials_are_recognised_by_and_no_more(rows: Rows) -> None:
    secrets = store_secrets(rows.team)
    client = Client()
    client.force_login(rows.owner)

    answers = answers_to(client, rows, addresses_of_pages(rows))

    told = {name: set(found) for name, _, body in answers if (found := secrets.in_answer(body))}
    assert told["keys"] == {"fingerprint"}
    assert told["team-estimate"] == {"fingerprint"}
    assert "mark of the bearer" in told["connection"]
    recognised_by = {"fingerprint", "mark of the bearer", "mark of the API key"}
    own = {"address of the connection", "name of the token", "id of the token"}
    assert set().union(*told.values()) <= recognised_by | own
