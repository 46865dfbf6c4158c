"""Suna of October 2025 without keys for Langfuse: runs that have answered say `running` for ever (§9.16)."""

import json
from typing import Any

import pytest

from executions.actions.answer_question import answer_question
from executions.models import AgentRun, Execution, Question
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until

API_KEY = "pk_of_a_test:sk_of_a_test"
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
AFTER = {"RENUM_LINGERING_S": "1.5", "RENUM_POLL_BESIDE_STREAM_S": "0.3"}


def sim(**directive: object) -> str:
    return f"Hello. @@sim{json.dumps(directive)}"


def run_of(execution: Execution) -> AgentRun:
    return AgentRun.objects.get(execution=execution)


def calls_of(renum: RunningRenum, operation: str) -> list[dict[str, Any]]:
    return [entry for entry in renum.suna.get("ledger")["entries"] if entry["operation"] == operation]


def stopped_in(renum: RunningRenum) -> list[str]:
    return [entry["path"].split("/")[-2] for entry in calls_of(renum, "run.stop")]


@pytest.mark.parametrize("profile", ["2025-08/b2", pytest.param("2025-10", marks=pytest.mark.long)])
def test_an_answer_counts_though_its_run_never_ends_and_the_run_is_stopped(renum_on, profile, figure):
    renum = renum_on(profile, "--no-langfuse")
    renum.connection.wire_profile = profile.partition("/")[0]
    renum.connection.save()
    renum.start_drivers(**AFTER)
    team = renum.make_team(ONE_STEP)
    said = renum.start(team, sim(text="In words.", takes=0.2))
    submitted = renum.start(team, sim(complete="By the tool.", takes=0.2))

    executions = [renum.wait_for(execution) for execution in (said, submitted)]

    assert [execution.status for execution in executions] == ["completed", "completed"]
    assert [execution.steps.get().result_text for execution in executions] == ["In words.", "By the tool."]
    for execution in executions:
        run = run_of(execution)
        assert (run.status, run.usage_complete) == ("completed", True)
        assert execution.events.filter(kind="run_lingered").count() == 1
        assert run.suna_run_id in stopped_in(renum)
    took_s = max((e.finished_at - e.started_at).total_seconds() for e in executions)
    figure(f"lingering_{profile.replace('/', '-')}_answered_after_s", took_s)
    assert took_s > 3, (
        "two looks that told the same lie so far apart, and the first one so long after the last"
    )
    check_history(renum)


def test_a_run_that_still_works_is_not_cut_off_however_long_its_thread_stands_still(renum_on):
    renum = renum_on("2025-10", "--no-langfuse")
    renum.start_drivers(**{**AFTER, "RENUM_LINGERING_S": "0.5"})
    team = renum.make_team(ONE_STEP)
    # The first turn's tool takes 4 s, the second turn's model nearly as long.
    works = renum.start(team, sim(text="Found.", responses=2, slow_tool=True, takes=9))
    # A worker that takes it up late, and a model that says nothing for long.
    waits = renum.start(team, sim(text="Late.", pickup=4, takes=4))

    executions = [renum.wait_for(execution) for execution in (works, waits)]

    assert [execution.steps.get().result_text for execution in executions] == ["Found.", "Late."]
    assert [(e.finished_at - e.started_at).total_seconds() > 8 for e in executions] == [True, True]
    assert [execution.steps.get().attempts for execution in executions] == [1, 1]
    assert len(stopped_in(renum)) == 2


def test_a_run_that_ends_in_time_costs_no_read_more(renum_on):
    renum = renum_on("2025-10")
    renum.start_drivers(**AFTER)

    execution = renum.run(ONE_STEP, sim(text="Here.", takes=1))

    assert execution.status == "completed"
    assert (len(calls_of(renum, "messages.list")), stopped_in(renum)) == (1, [])
    assert not execution.events.filter(kind="run_lingered").exists()


def test_an_answer_that_nobody_may_read_yet_is_not_lost_when_the_time_is_up(renum_on):
    renum = renum_on("2025-10", "--no-langfuse", "--jwt-reads", "--token", API_KEY)
    renum.connection.set_credential(bearer="", api_key=API_KEY)
    renum.connection.save()
    renum.start_drivers(**AFTER)
    step = {**ONE_STEP, "defaults": {"timeout": "4s"}}

    execution = renum.run(step, sim(text="By the replay.", takes=0.2))

    assert (execution.status, execution.steps.get().result_text) == ("completed", "By the replay.")
    assert execution.events.filter(kind="run_lingered").exists()


def test_a_question_whose_run_never_ends_is_asked_and_the_answer_goes_on(renum_on):
    renum = renum_on("2025-10", "--no-langfuse")
    renum.start_drivers(**AFTER)
    execution = renum.start(
        renum.make_team(ONE_STEP), sim(ask="Which one?", takes=0.2, then={"text": "Then {answer}."})
    )
    question = wait_until(lambda: Question.objects.filter(execution=execution).first())

    answer_question(question=question, by=renum.owner, answer="the blue one")

    assert renum.wait_for(execution).steps.get().result_text == "Then the blue one."
    assert execution.events.filter(kind="run_lingered").count() == 2
