"""Usage that is read late holds no key either, whoever repeats it."""

import datetime as dt

import pytest

from billing.actions.store_user_key import store_user_key
from executions.agent_service import ModelResponse, RunResult
from executions.models import AgentRun, ExecutionStep
from executions.orchestrator.late_usage import build_run_entries
from teams.models import SunaConnection
from tests.integration.orchestrator.rows import make_rows

CANARY = "sk-CANARY-0123456789abcdef"
NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


@pytest.mark.django_db
@pytest.mark.parametrize("sends_user_keys", [True, False])
def test_a_key_repeated_in_late_usage_is_hidden_whatever_the_connection_sends_by_now(
    sends_user_keys: bool,
) -> None:
    rows = make_rows()
    SunaConnection.objects.update(sends_user_keys=sends_user_keys)
    store_user_key(user=rows.owner, service="openai", key=CANARY, now=NOW)
    run = AgentRun.objects.select_related(
        "execution__team", "execution__connection", "step", "connection"
    ).get(pk=rows.run.pk)
    response = ModelResponse(
        source_id="m-1",
        provider=None,
        model=f"gpt via {CANARY}",
        tokens_input=1,
        tokens_output=1,
        raw_usage={"error": f"Incorrect API key {CANARY}"},
    )

    [entry] = build_run_entries(run, RunResult(text=None, responses=(response,)))

    assert CANARY not in repr(entry)


@pytest.mark.django_db
def test_a_further_turn_was_not_told_the_steps_prompt() -> None:
    rows = make_rows()
    ExecutionStep.objects.filter(pk=rows.step.pk).update(input="the step's prompt")
    run = AgentRun.objects.select_related("execution__team", "execution__connection", "step").get(
        pk=rows.run.pk
    )
    response = ModelResponse(
        source_id="m-1", provider=None, model="gpt", tokens_input=1, tokens_output=1, text="Yes."
    )
    run.execution.team.record_content = True
    told = []
    for turn in (1, 2):
        run.turn = turn
        [entry] = build_run_entries(run, RunResult(text=None, responses=(response,)))
        told.append("the step's prompt" in repr(entry))

    assert told == [True, False]
