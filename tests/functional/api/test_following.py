"""Following an execution through the API: its steps, its timeline, its runs, what it cost."""

import uuid

import pytest
from django.db import connection
from django.utils import timezone

from billing.ledger import LedgerEntry, record_responses
from executions.actions.execution_rights import VERBS
from executions.actions.start_execution import start_execution
from executions.models import AgentRun, Execution, ExecutionEvent
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from executions.orchestrator.totals import write_totals
from teams.actions.create_team import create_team
from tests.fixtures.people import CONDITIONAL, SEQUENTIAL
from tests.functional.api.conftest import NOW, client_for

EXECUTIONS = "/api/v1/executions"


def entry(run: AgentRun, **changes: object) -> LedgerEntry:
    """Build what a model's answer leaves: o3, 10,000 and 500 tokens, 0.024 USD."""
    execution = run.execution
    facts: dict[str, object] = {
        "execution_id": execution.pk,
        "agent_run_id": run.pk,
        "connection_id": run.connection_id,
        "source_id": f"message-{uuid.uuid4()}",
        "agent_id": run.agent_id,
        "step_id": run.step.step_id,
        "attempt": run.attempt,
        "team_id": execution.team_id,
        "team_name": execution.team.name,
        "payer_id": execution.payer_id,
        "started_by_id": execution.started_by_id,
        "key_owner_id": execution.key_owner_id,
        "api_key_type": "suna_account",
        "provider": "openai",
        "model": "o3",
        "tokens_input": 10_000,
        "tokens_output": 500,
    }
    return LedgerEntry(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.fixture
def run(execution) -> AgentRun:
    """Give a completed run of the first step, with three answers, one of a model without a price."""
    step = execution.steps.get(position=0)
    run = AgentRun.objects.create(
        execution=execution,
        step=step,
        connection=execution.connection,
        attempt=1,
        agent_id=step.agent_id,
        thread_id="thread-1",
        suna_run_id="run-1",
        status="completed",
        created_at=NOW,
        start_requested_at=NOW,
        started_at=NOW,
        finished_at=NOW,
    )
    record_responses(
        [entry(run), entry(run), entry(run, provider="nobody", model="unheard-of")], at=timezone.now()
    )
    write_totals([execution.pk])
    step.status, step.finished_at, step.attempts = "completed", NOW, 1
    step.input, step.result_text, step.result_data = "the prompt", "the answer", {"words": ["a"]}
    step.conditions = [{"verdict": True}]
    step.save()
    return run


def test_an_execution_is_shown_with_its_steps_and_the_sums_of_the_ledger(api, run) -> None:
    body = api.get(f"{EXECUTIONS}/{run.execution_id}").json()

    figures = {
        "usage": {
            "responses": 3,
            "tokens_input": 30_000,
            "tokens_output": 1_500,
            "tokens_cached": 0,
            "tokens_reasoning": 0,
            "unreported": 0,
        },
        "cost": {"cost_usd": "0.0480000000", "unpriced": 1},
    }
    first, second = body["steps"][:2]
    assert {name: body[name] for name in figures} == figures
    assert {name: first[name] for name in figures} == figures
    assert (first["status"], first["attempts"], first["result_text"]) == ("completed", 1, "the answer")
    assert first["result_data"] == {"words": ["a"]}
    assert (second["status"], second["cost"]) == ("pending", {"cost_usd": "0", "unpriced": 0})
    assert body["prompt"] == "What is new in batteries?"
    assert [step["agent_id"] for step in body["steps"]] == [
        agent["agent_id"] for agent in SEQUENTIAL["agents"]
    ]
    assert "input" not in first
    assert body["created_at"].endswith("Z")


def test_an_answer_s_structure_is_kept(api, execution) -> None:
    answer = {"z": [1, None, "x"], "a": {"b": 0.1}}
    Execution.objects.filter(pk=execution.pk).update(result=answer, result_text="in words")

    body = api.get(f"{EXECUTIONS}/{execution.pk}").json()

    assert (body["answer"], body["result_text"]) == (answer, "in words")


def test_what_there_is_not_is_null_when_all_went_well(api, run) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE renum_team_executions SET status = 'completed', finished_at = clock_timestamp()"
        )

    body = api.get(f"{EXECUTIONS}/{run.execution_id}").json()
    step = api.get(body["steps"][0]["links"]["self"]).json()
    [first] = api.get(body["links"]["events"]).json()["results"]

    assert (body["status"], body["code"]) == ("completed", None)
    assert (step["status"], step["code"], step["message"]) == ("completed", None, None)
    assert [(shown["code"], shown["message"]) for shown in step["agent_runs"]] == [(None, None)]
    assert first["step_id"] is None


def test_a_failure_is_told_by_its_code_its_words_and_its_facts(api, execution) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE renum_team_executions SET status = 'failed', code = 'step_failed',"
            " message = 'A step failed.', message_params = %s, finished_at = clock_timestamp()",
            ['{"step": "research"}'],
        )

    body = api.get(f"{EXECUTIONS}/{execution.pk}").json()

    assert (body["status"], body["code"], body["message"]) == ("failed", "step_failed", "A step failed.")
    assert body["params"] == {"step": "research"}


def test_a_step_is_shown_with_its_input_its_conditions_and_its_runs(api, run) -> None:
    path = f"{EXECUTIONS}/{run.execution_id}/steps/{run.step.step_id}"

    body = api.get(path).json()

    assert (body["input"], body["conditions"]) == ("the prompt", [{"verdict": True}])
    [shown] = body["agent_runs"]
    assert (shown["attempt"], shown["thread_id"], shown["suna_run_id"]) == (1, "thread-1", "run-1")
    assert shown["cost"] == {"cost_usd": "0.0480000000", "unpriced": 1}
    assert body["links"]["self"].endswith(path)


def test_every_link_of_an_execution_leads_somewhere(api, run) -> None:
    body = api.get(f"{EXECUTIONS}/{run.execution_id}").json()

    links = {name: link for name, link in body["links"].items() if name not in VERBS}
    answers = {name: api.get(link).status_code for name, link in links.items()}
    assert answers == {**dict.fromkeys(links, 200), "result": 409}
    assert set(body["links"]) - set(links) == set(VERBS)
    assert body["can"] == ["pause", "cancel"]
    assert {verb: api.post(body["links"][verb]).status_code for verb in VERBS} == {
        "release": 403,
        "resume": 409,
        "pause": 202,
        "cancel": 202,
        "retry": 409,
        "run_again": 409,
    }
    assert [api.get(step["links"]["self"]).status_code for step in body["steps"]] == [200] * len(
        body["steps"]
    )


def test_the_timeline_is_read_on_from_a_number_without_gaps(api, execution) -> None:
    append_events(execution.pk, [Event(kind=f"note_{n}", data={"n": n}) for n in range(2, 8)])
    path = f"{EXECUTIONS}/{execution.pk}/events"

    seen, after = [], 0
    while True:
        body = api.get(f"{path}?after={after}&limit=3").json()
        if not body["results"]:
            break
        seen += [event["seq"] for event in body["results"]]
        after = body["last_seq"]

    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert (body["last_seq"], ExecutionEvent.objects.count()) == (7, 7)


def test_the_ledger_s_rows_are_shown_with_money_as_text_and_totals_of_all_pages(api, run) -> None:
    path = f"{EXECUTIONS}/{run.execution_id}/usage"

    body = api.get(f"{path}?limit=2").json()
    rest = api.get(body["next"]).json()

    rows = body["results"] + rest["results"]
    assert sorted(row["cost_usd"] or "none" for row in rows) == ["0.0240000000", "0.0240000000", "none"]
    assert {row["pricing"] for row in rows} == {"priced", "unpriced"}
    assert body["totals"] == rest["totals"]
    assert body["totals"]["cost"] == {"cost_usd": "0.0480000000", "unpriced": 1}
    assert body["totals"]["by_step"][run.step.step_id]["usage"]["responses"] == 3
    assert rest["next"] is None


def test_a_list_is_narrowed_by_team_and_status_and_never_shows_a_stranger_s(
    api, outsider, owner, team, execution
) -> None:
    other = create_team(owner=owner, name="Other", definition=SEQUENTIAL, connection=team.connection)
    elsewhere = start_execution(team=other, by=owner, prompt="Go.").execution

    def ids(query: str = "", client=api) -> list[str]:
        return [row["id"] for row in client.get(f"{EXECUTIONS}{query}").json()["results"]]

    assert ids() == [str(elsewhere.pk), str(execution.pk)]
    assert ids(f"?team={team.pk}") == [str(execution.pk)]
    assert ids("?status=queued") == ids()
    assert ids("?status=failed") == []
    assert ids(client=client_for(outsider)) == []
    assert ids(f"?team={team.pk}", client_for(outsider)) == []
    of_team = api.get(f"/api/v1/teams/{team.pk}/executions").json()["results"]
    assert [row["id"] for row in of_team] == [str(execution.pk)]


def test_a_member_who_is_removed_sees_nothing_from_the_next_request_on(viewer, team, execution) -> None:
    client = client_for(viewer)
    before = client.get(f"{EXECUTIONS}/{execution.pk}").status_code

    team.memberships.all().delete()

    assert (before, client.get(f"{EXECUTIONS}/{execution.pk}").status_code) == (200, 404)
    assert client.get(EXECUTIONS).json()["results"] == []


def test_words_for_people_say_why_steps_and_executions_stand_where_they_stand(
    api, owner, team, execution
) -> None:
    conditional = create_team(owner=owner, name="Support", definition=CONDITIONAL, connection=team.connection)
    routed = start_execution(team=conditional, by=owner, prompt="Go.").execution
    classifier, technical = (step.step_id for step in routed.steps.order_by("position")[:2])
    routed.steps.filter(step_id=classifier).update(status="completed", finished_at=timezone.now())
    facts = {"field": f"{classifier}.category", "operator": "equals", "value": "technical", "seen": "billing"}
    routed.steps.filter(step_id=technical).update(
        status="skipped", code="condition_false", reason_params=facts, finished_at=timezone.now()
    )
    first = execution.steps.get(position=0)

    def messages(which: Execution, **headers: str) -> list[str]:
        body = api.get(f"{EXECUTIONS}/{which.pk}", headers=headers).json()
        assert [
            api.get(step["links"]["self"], headers=headers).json()["message"] for step in body["steps"]
        ] == [step["message"] for step in body["steps"]]
        return [body["message"], *(step["message"] for step in body["steps"])]

    told, waits, skipped = messages(routed)[1:], messages(execution)[2], messages(routed)[2]
    assert messages(routed)[0] == "Waits until a driver takes it."
    assert told[0] is None
    assert skipped.startswith("Skipped: ")
    assert "billing" in skipped
    assert waits.startswith("Waits for ")
    assert first.role in waits
    assert messages(execution, **{"accept-language": "pt-br"})[0] == "Espera até que um condutor a assuma."
    assert [row["message"] for row in api.get(EXECUTIONS).json()["results"]] == [
        "Waits until a driver takes it."
    ] * 2
