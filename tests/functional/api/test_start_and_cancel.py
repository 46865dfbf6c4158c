"""Starting and cancelling through the API: accepted, committed, once."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from executions.models import Execution, ExecutionEvent, ExecutionStep
from teams.actions.create_team import create_team
from teams.models import Agent, SunaConnection
from tests.fixtures.people import SEQUENTIAL, make_person
from tests.fixtures.site_rows import set_execution
from tests.functional.api.conftest import NOW, assert_problem, client_for

PARALLEL = 50


def start(client, team, prompt: str = "Go.", key: str | None = None):
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(f"/api/v1/teams/{team.pk}/executions", {"prompt": prompt}, headers=headers)


def test_a_start_is_accepted_and_committed_with_its_steps_and_its_event(api, team, owner) -> None:
    response = start(api, team, "What is new?\n")

    body = response.json()
    execution = Execution.objects.get()
    assert response.status_code == 202
    assert (body["id"], body["status"], body["team"]["name"]) == (str(execution.pk), "queued", "Analysts")
    assert response.headers["Location"].endswith(f"/api/v1/executions/{execution.pk}")
    assert response.headers["Idempotent-Replayed"] == "false"
    assert (execution.started_by, execution.initial_prompt) == (owner, "What is new?\n")
    assert ExecutionStep.objects.filter(execution=execution).count() == len(SEQUENTIAL["agents"])
    assert list(ExecutionEvent.objects.values_list("seq", "kind")) == [(1, "execution_queued")]
    assert api.get(response.headers["Location"]).status_code == 200


def test_the_same_key_and_body_answer_with_the_same_execution(api, team) -> None:
    first = start(api, team, key="order-1")
    second = start(api, team, key="order-1")

    assert (second.status_code, second.json()["id"]) == (202, first.json()["id"])
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    assert Execution.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(api, team) -> None:
    start(api, team, "One.", key="order-1")

    assert_problem(start(api, team, "Two.", key="order-1"), 422, "idempotency_key_reused")
    assert Execution.objects.count() == 1


def test_two_people_may_use_the_same_key(api, operator, team) -> None:
    first, second = start(api, team, key="order-1"), start(client_for(operator), team, key="order-1")

    assert first.json()["id"] != second.json()["id"]


def test_starts_without_a_key_are_each_their_own(api, team) -> None:
    assert start(api, team).json()["id"] != start(api, team).json()["id"]


@pytest.mark.django_db(transaction=True)
def test_fifty_equal_starts_at_once_make_one_execution() -> None:
    owner = make_person("olga")
    suna = SunaConnection.objects.create(
        owner=owner, name="Nowhere", base_url="http://127.0.0.1:9", wire_profile="2025-08"
    )
    team = create_team(owner=owner, name="Analysts", definition=SEQUENTIAL, connection=suna)
    clients = [client_for(owner) for _ in range(PARALLEL)]
    together = Barrier(PARALLEL)

    def send(client) -> tuple[int, str, str]:
        try:
            together.wait(timeout=30)
            response = start(client, team, key="order-1")
            while response.status_code == 409:
                # The first is not done with it yet; whoever asks again is told what it made.
                assert response.json()["code"] == "request_in_progress"
                response = start(client, team, key="order-1")
            return response.status_code, response.json()["id"], response.headers["Idempotent-Replayed"]
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        answers = list(pool.map(send, clients))

    assert {status for status, _, _ in answers} == {202}
    assert {execution_id for _, execution_id, _ in answers} == {str(Execution.objects.get().pk)}
    assert sorted(replayed for _, _, replayed in answers) == ["false", *["true"] * (PARALLEL - 1)]
    assert ExecutionEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"is_active": False}, "team_inactive"),
        ({"published_version": None}, "no_workflow"),
        ({"connection": None}, "no_connection"),
    ],
)
def test_a_team_that_lacks_something_is_not_started_and_says_what(changes, code, api, team) -> None:
    for name, value in changes.items():
        setattr(team, name, value)
    team.save()

    assert_problem(start(api, team), 409, code)
    assert not Execution.objects.exists()


def test_a_cancellation_is_written_down_and_asking_again_changes_nothing(api, execution) -> None:
    path = f"/api/v1/executions/{execution.pk}/cancel"

    first, second = api.post(path), api.post(path, {})

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["cancel_requested_at"] == second.json()["cancel_requested_at"]
    assert first.json()["cancel_requested_at"] is not None
    events = ExecutionEvent.objects.filter(execution=execution).order_by("seq").values_list("kind", flat=True)
    assert list(events) == ["execution_queued", "cancel_requested"]


def test_what_is_over_cannot_be_cancelled(api, execution) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE renum_team_executions SET status = 'completed', finished_at = clock_timestamp()"
        )

    assert_problem(api.post(f"/api/v1/executions/{execution.pk}/cancel"), 409, "already_over")


def test_a_cancellation_takes_no_members(api, execution) -> None:
    response = api.post(f"/api/v1/executions/{execution.pk}/cancel", {"force": True})

    assert_problem(response, 400, "validation_error")
    execution.refresh_from_db()
    assert execution.cancel_requested_at is None


def test_a_start_tells_what_the_team_s_page_would_have_told_and_a_replay_does_not(
    api, owner, suna_connection
) -> None:
    agents = [{"agent_id": f"agent-{n}", "services": ["openai"]} for n in range(3)]
    definition = {"type": "parallel", "agents": agents}
    team = create_team(owner=owner, name="Wide", definition=definition, connection=suna_connection)
    assert [told["code"] for told in start(api, team).json()["warnings"]] == ["keys_ignored"]
    SunaConnection.objects.filter(pk=suna_connection.pk).update(
        limits={"parallel_runs": 2}, synced_at=NOW, sends_user_keys=True
    )
    Agent.objects.create(connection=suna_connection, agent_id="agent-0", missing_since=NOW)
    Agent.objects.create(
        connection=suna_connection,
        agent_id="agent-1",
        name="New",
        changed_at=team.published_version.created_at + dt.timedelta(hours=1),
        changed_from={"name": "Old"},
    )

    first = start(api, team, key="once")

    warnings = first.json()["warnings"]
    assert {told["code"] for told in warnings} == {"agent_missing", "agent_changed", "wider_than_connection"}
    assert {"pointer": "/agents/0/agent_id", "code": "agent_missing"}.items() <= warnings[
        [told["code"] for told in warnings].index("agent_missing")
    ].items()
    assert start(api, team, key="once").json()["warnings"] == []
    execution = Execution.objects.get(pk=first.json()["id"])
    set_execution(execution, status="failed", code="step_failed")
    for verb in ("retry", "run-again"):
        answer = api.post(f"/api/v1/executions/{execution.pk}/{verb}")
        assert answer.json()["warnings"] == warnings, verb
