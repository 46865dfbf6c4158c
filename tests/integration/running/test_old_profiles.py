"""Teams on the document's contract and on Suna to October 2025: they end, and no start of b0 is guessed."""

import datetime as dt
import time
from contextlib import suppress

import pytest
from django.db import transaction
from django.utils import timezone

from executions.actions.cancel_execution import cancel_execution
from executions.actions.execution_rights import AlreadyOver
from executions.actions.give_up_start import give_up_start
from executions.actions.pause_execution import pause_execution
from executions.actions.start_decision import StartDecided, StartNotInDoubt
from executions.actions.start_step_again import start_step_again
from executions.models import AgentRun, Driver, Execution, Question
from executions.orchestrator.open_starts import PATIENCE_S
from teams.models import Agent
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until
from tests.fixtures.site_rows import EXAMPLES

pytestmark = pytest.mark.shares_suna

OLD = ("seed", "2025-07", "2025-08", "2025-10")
TAKES_AGENTS_MODEL = ("seed",)
TELLS_NO_USAGE = ("2025-07",)
OWN_MODEL = "openai/gpt-4o-mini"
"""That of each of the simulator's agents that has no name."""
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
POLICY = {"retry": {"max_attempts": 2, "initial_interval": "1s"}}
TWICE = {**ONE_STEP, "defaults": POLICY}


def kinds_of(execution: Execution) -> list[str]:
    return list(execution.events.values_list("kind", flat=True))


def wait_for_doubt(execution: Execution) -> AgentRun:
    wait_until(lambda: execution.steps.filter(status="start_uncertain", code="start_unknown").exists())
    return AgentRun.objects.get(execution=execution, status="starting")


def at_rest(execution: Execution) -> bool:
    return Execution.objects.filter(pk=execution.pk, driver=None, at_rest=True, status="running").exists()


def step_of(execution: Execution) -> str:
    return execution.steps.get().step_id


@pytest.mark.parametrize("profile", OLD)
def test_both_examples_run_to_the_end_on_their_agents_own_models(renum_on, profile, figure):
    renum = renum_on(profile)
    Agent.objects.create(connection=renum.connection, agent_id="agent-1", model_name="openai/gpt-4o")
    examples = [(EXAMPLES / f"{example}.json").read_text() for example in ("sequential", "conditional")]
    executions = [renum.start(renum.make_team(source=source)) for source in examples]
    of_catalogue = renum.start(renum.make_team(ONE_STEP), "By the catalogue.")
    of_step = renum.start(
        renum.make_team({**ONE_STEP, "agents": [{"agent_id": "agent-1", "model_name": "openai/o3"}]}),
        "By the step.",
    )
    executions += [of_catalogue, of_step]
    began = time.monotonic()
    renum.start_drivers()

    executions = [renum.wait_for(execution) for execution in executions]

    assert {execution.status for execution in executions} == {"completed"}
    runs = AgentRun.objects.filter(execution__in=executions)
    assert renum.suna.starts() == runs.count()
    assert not runs.filter(thread_id=None).exists()
    # What b0 used nobody tells: that is unknown, and not nothing.
    assert {execution.usage_complete for execution in executions} == {profile not in TELLS_NO_USAGE}
    of_agent = "" if profile in TAKES_AGENTS_MODEL else "openai/gpt-4o"
    assert of_catalogue.agent_runs.get().model_name == of_agent
    assert of_step.agent_runs.get().model_name == "openai/o3"
    # Of the examples' agents the catalogue knows nothing: Suna was asked, and each start names what it said.
    starts = [entry for entry in renum.suna.get("ledger")["entries"] if entry["operation"] == "agent.start"]
    told = sorted(entry["body"].get("model_name", "") for entry in starts)
    assert told == sorted(run.model_name for run in runs)
    # Suna of July 2025 does not tell it, and the document's takes the agent's own: only there is none named.
    assert ("" in told) is (profile in ("2025-07", *TAKES_AGENTS_MODEL))
    figure(f"examples_{profile}_runs", runs.count())
    figure(f"examples_{profile}_s", time.monotonic() - began)
    check_history(renum)


def starts_of(renum: RunningRenum) -> list[dict[str, str]]:
    entries = renum.suna.get("ledger")["entries"]
    return [entry["body"] for entry in entries if entry["operation"] == "agent.start"]


def test_a_start_waits_until_suna_tells_the_agents_own_model(renum_on):
    renum = renum_on("2025-10")
    renum.suna.fail("agent.get", times=2, kind="status", status=503)
    renum.start_drivers()

    execution = renum.run(ONE_STEP)

    assert execution.status == "completed"
    assert "start_put_back" in kinds_of(execution)
    assert [start["model_name"] for start in starts_of(renum)] == [OWN_MODEL]
    assert execution.agent_runs.get().model_name == OWN_MODEL


def test_a_parked_run_without_a_model_asks_for_it_before_its_start(renum_on):
    renum = renum_on("2025-10")
    renum.suna.fail("agent.start", times=1000, kind="too_many")
    execution = renum.start(renum.make_team(ONE_STEP))
    cluster = renum.start_drivers()
    wait_until(lambda: execution.agent_runs.filter(status="created").exists())
    cluster.kill_driver()
    cluster.stop()
    AgentRun.objects.filter(execution=execution).update(model_name="")
    renum.suna.clear_faults()

    renum.start_drivers()
    assert renum.wait_for(execution).status == "completed"

    assert {start["model_name"] for start in starts_of(renum)} == {OWN_MODEL}
    assert execution.agent_runs.get().model_name == OWN_MODEL


def test_an_execution_ends_as_failed_where_the_model_refused_though_suna_calls_it_completed(renum_on):
    renum = renum_on("2025-07")
    renum.start_drivers()

    execution = renum.run(ONE_STEP, 'Go. @@sim{"fail": "the model is away", "partial": true}')

    step = execution.steps.get()
    assert (execution.status, step.code) == ("failed", "agent_failed")
    assert "the model is away" in step.reason_params["message"]
    # What it had said by then is shown, and is no answer.
    assert step.result_text


def test_a_start_whose_answer_is_lost_waits_for_a_person_and_is_never_sent_again_by_itself(renum_on, figure):
    renum = renum_on("2025-07")
    renum.suna.fail("agent.start", contains="again", kind="error", when="after")
    renum.suna.fail("agent.start", contains="hopeless", kind="drop", when="after")
    renum.suna.fail("agent.start", contains="short", kind="html", when="after")
    renum.suna.fail("agent.start", contains="called off", kind="status", status=408, when="after")
    renum.suna.fail("agent.start", contains="while paused", kind="drop", when="after")
    renum.suna.fail("agent.start", contains="beside it", kind="drop", when="after")
    again, hopeless, called_off = (
        renum.start(renum.make_team(TWICE), prompt) for prompt in ("again", "hopeless", "called off")
    )
    short = renum.start(renum.make_team({**TWICE, "defaults": {**POLICY, "timeout": "2s"}}), "short")
    paused = renum.start(renum.make_team({**TWICE, "defaults": {**POLICY, "timeout": "15s"}}), "while paused")
    beside = {**TWICE, "type": "parallel", "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}]}
    beside["agents"][0]["instructions"] = '@@sim{"takes": 5}'
    beside["agents"][1]["instructions"] = "beside it"
    busy = renum.start(renum.make_team(beside), "Both.")
    # One place for all: what waits for a person keeps nobody from it.
    cluster = renum.start_drivers(RENUM_CAPACITY="1")
    for execution in (again, hopeless, called_off):
        run = wait_for_doubt(execution)
        assert (run.thread_id, run.suna_run_id) == (None, None)
        wait_until(lambda at=execution: at_rest(at))
    wait_until(lambda: "start_unknown" in kinds_of(short))
    # The step's time ends the wait of a paused one, too: paused before its start, it would wait for ever.
    wait_for_doubt(paused)
    pause_execution(execution=paused, by=renum.owner)
    # Where something else goes on meanwhile it is held, and another driver takes it up as it stands.
    wait_for_doubt(busy)
    cluster.kill_driver()
    wait_until(lambda: Execution.objects.filter(pk=busy.pk, epoch__gte=2).exists())
    wait_until(lambda: busy.steps.filter(status="completed").exists())
    give_up_start(execution=busy, step_id="agent-2", by=renum.owner)
    busy = renum.wait_for(busy)
    assert (busy.status, busy.steps.get(step_id="agent-2").code) == ("partial", "run_vanished")
    short, paused = renum.wait_for(short), renum.wait_for(paused)
    cancel_execution(execution=called_off, by=renum.owner)
    called_off = renum.wait_for(called_off)
    assert renum.suna.starts() == 7
    # Nobody took up and let go of what only waited.
    assert set(Execution.objects.filter(finished_at=None).values_list("epoch", flat=True)) == {1}

    start_step_again(execution=again, step_id=step_of(again), by=renum.owner)
    give_up_start(execution=hopeless, step_id=step_of(hopeless), by=renum.owner)
    # The same word once more changes nothing; it may also come too late.
    with suppress(AlreadyOver):
        give_up_start(execution=hopeless, step_id=step_of(hopeless), by=renum.owner)
    again, hopeless = renum.wait_for(again), renum.wait_for(hopeless)

    first, second = AgentRun.objects.filter(execution=again).order_by("attempt")
    assert (again.status, renum.suna.starts()) == ("completed", 8)
    assert (first.status, first.code, first.usage_complete) == ("abandoned", "start_abandoned", False)
    assert second.status == "completed"
    kinds = kinds_of(again)
    assert [kinds.count(kind) for kind in ("start_unknown", "start_again_requested", "start_abandoned")] == [
        1,
        1,
        1,
    ]
    for execution, code, because in (
        (hopeless, "run_vanished", "given_up"),
        (short, "timeout", "start_unknown"),
        (paused, "timeout", "start_unknown"),
    ):
        step, run = execution.steps.get(), AgentRun.objects.get(execution=execution)
        assert (execution.status, step.status, step.code, step.attempts) == ("failed", "failed", code, 1)
        assert step.reason_params == {"because": because}
        assert (run.status, run.usage_complete, execution.usage_complete) == ("abandoned", False, False)
    run = AgentRun.objects.get(execution=called_off)
    assert (called_off.status, run.status, run.usage_complete) == ("cancelled", "abandoned", False)
    assert kinds_of(hopeless).count("start_give_up_requested") == 1
    with pytest.raises(AlreadyOver):
        start_step_again(execution=hopeless, step_id=step_of(hopeless), by=renum.owner)
    figure("b0_lost_answers_started_again_by_itself", renum.suna.starts() - 8)


def test_a_driver_that_dies_between_a_start_and_its_answer_leaves_it_in_doubt(renum_on):
    renum = renum_on("2025-07")
    renum.suna.fail("agent.start", kind="barrier", when="after", name="answer")
    execution = renum.start(renum.make_team(ONE_STEP))
    decided = {"execution": execution, "step_id": step_of(execution), "by": renum.owner}
    with pytest.raises(StartNotInDoubt):
        start_step_again(**decided)
    cluster = renum.start_drivers()
    wait_until(lambda: renum.suna.get("barriers")["waiting"].get("answer"))

    cluster.kill_driver()
    renum.suna.clear_faults()

    wait_for_doubt(execution)
    assert renum.suna.starts() == 1
    cluster.stop()
    # What is decided while nobody drives is obeyed by whoever drives next, and the first word counts.
    start_step_again(**decided)
    with pytest.raises(StartDecided):
        give_up_start(**decided)
    renum.start_drivers()
    assert (renum.wait_for(execution).status, renum.suna.starts()) == ("completed", 2)


def test_a_driver_that_is_stopped_waits_for_the_answer_to_a_start_that_nobody_could_look_up(renum_on):
    renum = renum_on("2025-07")
    renum.suna.fail("agent.start", kind="barrier", when="after", name="answer")
    execution = renum.start(renum.make_team(ONE_STEP), 'Go. @@sim{"takes": 3}')
    cluster = renum.start_drivers()
    wait_until(lambda: renum.suna.get("barriers")["waiting"].get("answer"))

    cluster.popen.terminate()
    # It has heard, and lets nothing go that it could still know.
    wait_until(lambda: Driver.objects.filter(stopping=True).exists())
    renum.suna.release("answer")
    cluster.popen.wait(timeout=30)
    run = AgentRun.objects.get(execution=execution)
    assert run.suna_run_id is not None
    renum.start_drivers()

    assert (renum.wait_for(execution).status, renum.suna.starts()) == ("completed", 1)
    assert "start_unknown" not in kinds_of(execution)


@pytest.mark.faults
def test_a_driver_that_ends_by_itself_waits_as_long_as_a_start_takes_that_nobody_could_look_up(renum_on):
    renum = renum_on("2025-07")
    renum.suna.fail("agent.start", contains="slow", kind="barrier", when="after", name="answer")
    execution = renum.start(renum.make_team(ONE_STEP), "slow")
    renum.start_drivers(RENUM_MAX_DRIVE_S="3")
    wait_until(lambda: renum.suna.get("barriers")["waiting"].get("answer"))
    ending = wait_until(lambda: Driver.objects.filter(stopping=True).first())
    meanwhile = renum.start(renum.make_team(ONE_STEP), "quick")

    # Longer than a process is left that is killed.
    stays_until = time.monotonic() + PATIENCE_S + 2
    wait_until(
        lambda: time.monotonic() > stays_until or not Driver.objects.filter(pk=ending.pk).exists(),
        timeout_s=PATIENCE_S + 10,
    )
    assert Driver.objects.filter(pk=ending.pk).exists()
    assert meanwhile.agent_runs.count() == 0
    renum.suna.release("answer")

    assert {renum.wait_for(one).status for one in (execution, meanwhile)} == {"completed"}
    assert renum.suna.starts() == 2
    assert not {"start_unknown", "run_adopted"} & set(kinds_of(execution))


def test_a_lock_that_holds_up_a_sibling_loses_no_answer_to_a_start(renum_on):
    renum = renum_on("2025-07")
    renum.suna.fail("agent.start", contains="slow", kind="barrier", when="after", name="answer")
    agents = [
        {
            "agent_id": "agent-1",
            "instructions": '@@sim{"key": "q", "attempts": [{"ask": "Which?"}, {"text": "Faro it is."}]}',
            "on_question": {"policy": "human", "timeout": 1, "on_timeout": "auto_answer", "answer": "Faro."},
        },
        {"agent_id": "agent-2", "instructions": "slow"},
    ]
    execution = renum.start(renum.make_team({"type": "parallel", "agents": agents}), "Go.")
    cluster = renum.start_drivers()
    wait_until(lambda: renum.suna.get("barriers")["waiting"].get("answer"))
    question = wait_until(lambda: Question.objects.filter(execution=execution).first())

    with transaction.atomic():
        Execution.objects.select_for_update().get(pk=execution.pk)
        # The time of the question is up, and who looks at it finds its execution locked.
        due = question.expires_at + dt.timedelta(seconds=1.5)
        wait_until(lambda: timezone.now() > due)
        assert Question.objects.get(pk=question.pk).state == "open"
    wait_until(lambda: not Question.objects.filter(pk=question.pk, state="open").exists())
    renum.suna.release("answer")

    assert renum.wait_for(execution).status == "completed"
    assert "start_unknown" not in kinds_of(execution)
    assert execution.epoch == 1
    assert "PostgreSQL is away" not in cluster.log.read_text()
