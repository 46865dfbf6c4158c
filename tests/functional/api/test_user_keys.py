"""A person's keys through the API: stored, shown by their fingerprint, never told again."""

import logging
from unittest.mock import ANY

import pytest
from django.db import connection

from billing.models import UserApiKey
from teams.actions.create_team import create_team
from teams.actions.save_version import save_version
from teams.models import SunaConnection, Team, TeamMembership
from teams.models.encrypted_text import fingerprint_of
from tests.fixtures.people import SEQUENTIAL
from tests.functional.api.conftest import assert_problem, client_for

KEYS = "/api/v1/user-keys"
KEY = "sk-CANARY-0123456789"


def test_a_stored_key_is_answered_with_its_fingerprint_and_is_nowhere_to_be_read(api, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        stored = api.put(f"{KEYS}/OpenAI", {"key": KEY})
        shown, listed = api.get(f"{KEYS}/openai"), api.get(KEYS)

    assert stored.status_code == 200
    assert stored.json() == {**shown.json(), "trimmed": False}
    assert [{**row, "used_by": []} for row in listed.json()["results"]] == [shown.json()]
    assert shown.json()["fingerprint"] == fingerprint_of(KEY)
    assert set(listed.json()["results"][0]) == {
        "service",
        "fingerprint",
        "created_at",
        "updated_at",
        "last_used_at",
        "last_used_execution_id",
    }
    answers = b"".join(response.content for response in (stored, shown, listed)).decode()
    assert "CANARY" not in answers + caplog.text
    with connection.cursor() as cursor:
        cursor.execute("SELECT k::text FROM user_api_keys AS k")
        assert "CANARY" not in cursor.fetchone()[0]


@pytest.mark.parametrize("key", [f"{KEY}\n", f"{KEY} x", f"{KEY}\u00e9", "CANARY" * 1000, "CANARY"])
def test_a_refused_key_is_not_repeated(key, api, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        response = api.put(f"{KEYS}/openai", {"key": key})

    body = assert_problem(response, 400, "invalid_key")
    assert [error["pointer"] for error in body["errors"]] == ["/key"]
    assert "CANARY" not in response.content.decode() + caplog.text


def test_spaces_round_a_key_are_taken_off_and_told(api) -> None:
    body = api.put(f"{KEYS}/openai", {"key": f"  {KEY}\t"}).json()

    assert (body["trimmed"], body["fingerprint"]) == (True, fingerprint_of(KEY))


def test_one_service_has_one_key_however_it_is_spelled(api, owner) -> None:
    first = api.put(f"{KEYS}/OpenAI", {"key": KEY}).json()
    second = api.put(f"{KEYS}/openai", {"key": "sk-other-0123456789"}).json()

    assert UserApiKey.objects.filter(user=owner).count() == 1
    assert second["fingerprint"] != first["fingerprint"]
    assert second["created_at"] == first["created_at"]


def test_a_deleted_key_is_gone_and_deleting_it_again_is_404(api) -> None:
    api.put(f"{KEYS}/openai", {"key": KEY})

    assert api.delete(f"{KEYS}/openai").status_code == 204
    assert_problem(api.get(f"{KEYS}/openai"), 404, "not_found")
    assert_problem(api.delete(f"{KEYS}/openai"), 404, "key_not_found")


def test_people_see_and_delete_their_own_keys_only(api, outsider) -> None:
    api.put(f"{KEYS}/openai", {"key": KEY})
    other = client_for(outsider)

    assert other.get(KEYS).json()["results"] == []
    assert_problem(other.delete(f"{KEYS}/openai"), 404, "key_not_found")
    assert other.put(f"{KEYS}/openai", {"key": "sk-theirs-0123456789"}).status_code == 200
    assert api.get(f"{KEYS}/openai").json()["fingerprint"] == fingerprint_of(KEY)


def test_a_key_says_which_steps_of_the_teams_that_its_owner_pays_for_are_given_it(
    api, owner, operator, outsider, team, suna_connection
) -> None:
    api.put(f"{KEYS}/openai", {"key": KEY})
    steps = [
        {"agent_id": "agent-1", "id": "search", "services": ["openai", "tavily"]},
        {"agent_id": "agent-2", "id": "write"},
    ]
    save_version(team=team, by=owner, definition={"type": "sequential", "agents": steps})
    silent = create_team(owner=owner, name="Silent", definition=SEQUENTIAL, connection=suna_connection)
    theirs = create_team(owner=outsider, name="Theirs", definition={"type": "sequential", "agents": steps})
    TeamMembership.objects.create(team=theirs, user=owner, role="editor")

    def used_by(service: str = "openai") -> list[tuple[str, list[str], bool]]:
        uses = api.get(f"{KEYS}/{service}").json()["used_by"]
        return [(use["team"]["name"], use["steps"], use["is_sent"]) for use in uses]

    assert used_by() == [("Analysts", ["search"], False)]
    Team.objects.filter(pk=theirs.pk).update(payer=owner)
    assert used_by() == [("Theirs", ["search"], False), ("Analysts", ["search"], False)]
    # A Suna of the design document's contract is given every key where a step names none.
    SunaConnection.objects.update(capabilities={"honours_user_keys": True}, sends_user_keys=True)
    Team.objects.filter(pk=theirs.pk).update(payer=None)
    assert used_by() == [("Silent", ANY, True), ("Analysts", ["search", "write"], True)]
    Team.objects.filter(pk=silent.pk).update(payer=operator)
    assert [name for name, _, _ in used_by()] == ["Analysts"]
