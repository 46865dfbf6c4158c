"""Teams on Suna of July and of October 2025: they run to the end, and a start in b0 is never guessed."""

import pytest

from executions.actions.cancel_execution import cancel_execution
from executions.actions.give_up_start import give_up_start
from executions.actions.start_decision import StartDecided, StartNotInDoubt
from executions.actions.start_step_again import start_step_again
from executions.models import AgentRun, Execution
from teams.models import Agent
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until
from tests.fixtures.site_rows import EXAMPLES

OLD = ("2025-07", "2025-10")
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
TWICE = {**ONE_STEP, "defaults": {"retry": {"max_attempts": 2, "initial_interval": "1s"}}}


def kinds_of(execution: Execution) -> list[str]:
    return list(execution.events.values_list("kind", flat=True))


def wait_for_doubt(execution: Execution) -> AgentRun:
    wait_until(lambda: execution.steps.filter(status="start_uncertain", code="start_unknown").exists())
    return AgentRun.objects.get(execution=execution, status="starting")


def starts_sent(renum: RunningRenum) -> list[dict[str, object]]:
    ledger = renum.suna.get("ledger")["entries"]
    return [entry for entry in ledger if entry["operation"] == "agent.start"]


@pytest.mark.parametrize("profile", OLD)
def test_both_examples_run_to_the_end(renum_on, profile, figure):
    renum = renum_on(profile)
    teams = [
        renum.make_team(source=(EXAMPLES / f"{example}.json").read_text())
        for example in ("sequential", "conditional")
    ]
    executions = [renum.start(team) for team in teams]
    renum.start_drivers()

    executions = [renum.wait_for(execution) for execution in executions]

    assert {execution.status for execution in executions} == {"completed"}
    runs = AgentRun.objects.filter(execution__in=executions)
    assert renum.suna.starts() == runs.count()
    assert not runs.filter(thread_id=None).exists()
    # What b0 used nobody tells: that is unknown, and not nothing.
    assert {execution.usage_complete for execution in executions} == {profile == "2025-10"}
    figure(f"examples_{profile}_runs", runs.count())
    check_history(renum)


def test_an_execution_ends_as_failed_where_the_model_refused_though_suna_calls_it_completed(renum_on):
    renum = renum_on("2025-07")
    renum.start_drivers()

    execution = renum.run(ONE_STEP, 'Go. @@sim{"fail": "the model is away", "partial": true}')

    step = execution.steps.get()
    assert (execution.status, step.code) == ("failed", "agent_failed")
    assert "the model is away" in step.reason_params["message"]
    # What it had said by then is shown, and is no answer.
    assert step.result_text


def test_a_start_whose_answer_is_lost_waits_for_a_person_and_is_never_sent_again_by_itself(renum_on):
    renum = renum_on("2025-07")
    renum.suna.fail("agent.start", kind="error", when="after")
    execution = renum.start(renum.make_team(TWICE))
    cluster = renum.start_drivers()
    run = wait_for_doubt(execution)
    assert (run.thread_id, run.suna_run_id) == (None, None)
    # Another driver takes it up as it stands.
    cluster.kill_driver()
    wait_until(lambda: Execution.objects.filter(pk=execution.pk, epoch=2).exists())
    assert renum.suna.starts() == 1

    start_step_again(execution=execution, step_id=execution.steps.get().step_id, by=renum.owner)
    execution = renum.wait_for(execution)

    first, second = AgentRun.objects.filter(execution=execution).order_by("attempt")
    assert (execution.status, renum.suna.starts()) == ("completed", 2)
    assert (first.status, first.code, first.usage_complete) == ("abandoned", "start_abandoned", False)
    assert second.status == "completed"
    assert kinds_of(execution).count("start_unknown") == 1
    assert kinds_of(execution).count("start_again_requested") == 1


def test_a_start_that_is_given_up_fails_its_step_whatever_the_policy_says(renum_on):
    renum = renum_on("2025-07")
    renum.suna.fail("agent.start", kind="drop", when="after")
    execution = renum.start(renum.make_team(TWICE))
    renum.start_drivers()
    wait_for_doubt(execution)
    step_id = execution.steps.get().step_id

    give_up_start(execution=execution, step_id=step_id, by=renum.owner)
    give_up_start(execution=execution, step_id=step_id, by=renum.owner)
    execution = renum.wait_for(execution)

    step, run = execution.steps.get(), AgentRun.objects.get(execution=execution)
    assert (execution.status, step.status, step.code, step.attempts) == (
        "failed",
        "failed",
        "run_vanished",
        1,
    )
    assert step.reason_params == {"because": "given_up"}
    assert (run.status, run.usage_complete, execution.usage_complete) == ("abandoned", False, False)
    assert kinds_of(execution).count("start_give_up_requested") == 1
    assert renum.suna.starts() == 1
    with pytest.raises(Exception, match="ended"):
        start_step_again(execution=execution, step_id=step_id, by=renum.owner)


def test_a_driver_that_dies_between_a_start_and_its_answer_leaves_it_in_doubt(renum_on):
    renum = renum_on("2025-07")
    renum.suna.fail("agent.start", kind="barrier", when="after", name="answer")
    execution = renum.start(renum.make_team(ONE_STEP))
    cluster = renum.start_drivers()
    wait_until(lambda: renum.suna.get("barriers")["waiting"].get("answer"))

    cluster.kill_driver()
    renum.suna.clear_faults()

    wait_for_doubt(execution)
    assert renum.suna.starts() == 1
    cancel_execution(execution=execution, by=renum.owner)
    execution = renum.wait_for(execution)
    run = AgentRun.objects.get(execution=execution)
    assert (execution.status, run.status, run.usage_complete) == ("cancelled", "abandoned", False)


def test_the_steps_time_ends_a_start_in_doubt_without_another(renum_on):
    renum = renum_on("2025-07")
    renum.suna.fail("agent.start", kind="error", when="after")
    definition = {**TWICE, "defaults": {**TWICE["defaults"], "timeout": "2s"}}
    renum.start_drivers()

    execution = renum.run(definition)

    step = execution.steps.get()
    assert (step.status, step.code, step.attempts) == ("failed", "timeout", 1)
    assert step.reason_params == {"because": "start_unknown"}
    assert renum.suna.starts() == 1


def test_what_is_not_in_doubt_or_decided_otherwise_cannot_be_decided(renum_on):
    renum = renum_on("2025-07")
    renum.suna.fail("agent.start", kind="error", when="after")
    execution = renum.start(renum.make_team(ONE_STEP))
    step_id = execution.steps.get().step_id
    with pytest.raises(StartNotInDoubt):
        start_step_again(execution=execution, step_id=step_id, by=renum.owner)
    cluster = renum.start_drivers()
    wait_for_doubt(execution)
    cluster.stop()

    start_step_again(execution=execution, step_id=step_id, by=renum.owner)
    with pytest.raises(StartDecided):
        give_up_start(execution=execution, step_id=step_id, by=renum.owner)

    renum.start_drivers()
    assert renum.wait_for(execution).status == "completed"


@pytest.mark.parametrize("profile", OLD)
def test_the_agents_own_model_is_sent_and_kept_on_the_run(renum_on, profile):
    renum = renum_on(profile)
    Agent.objects.create(
        connection=renum.connection, agent_id="agent-1", name="Ada", model_name="openai/gpt-4o"
    )
    renum.start_drivers()

    by_catalogue = renum.run(ONE_STEP)
    by_step = renum.run(
        {"type": "sequential", "agents": [{"agent_id": "agent-1", "model_name": "openai/o3"}]}
    )

    models = [run.model_name for run in AgentRun.objects.order_by("created_at")]
    assert models == ["openai/gpt-4o", "openai/o3"]
    assert {by_catalogue.status, by_step.status} == {"completed"}
    assert [entry["body"]["model_name"] for entry in starts_sent(renum)] == models
