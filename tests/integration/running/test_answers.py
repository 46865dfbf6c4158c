"""What becomes of answers that cannot be taken as they are: none at all, one that is too large."""

import hashlib

import pytest

from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
LIMIT = 1_048_576


def answer_with(renum: RunningRenum, **fields: object) -> None:
    renum.suna.fail("run.results", times=1000, kind="replace", fields=fields)


@pytest.mark.parametrize("profile", ["2025-08", "seed"])
def test_run_that_completed_without_an_answer_fails_as_an_empty_result(renum_on, profile):
    renum = renum_on(profile)
    if profile == "seed":
        answer_with(renum, output=None)
    else:
        renum.suna.fail("messages.list", times=1000, kind="replace", fields={"messages": []})
    renum.start_drivers()

    execution = renum.run(ONE_STEP)

    step, run = execution.steps.get(), execution.agent_runs.get()
    assert (execution.status, step.status, step.code) == ("failed", "failed", "empty_result")
    assert (run.status, run.code) == ("failed", "empty_result")
    # Where no model call was reported either, nobody knows what the run used.
    assert run.usage_complete == execution.usage_complete == (profile == "seed")
    check_history(renum)


def test_answer_over_the_limit_fails_its_step_and_its_beginning_is_kept(renum_on):
    renum = renum_on("seed")
    answer_with(renum, output="Größe " * 200_000)
    renum.start_drivers()

    execution = renum.run(ONE_STEP)

    step = execution.steps.get()
    assert (execution.status, step.status, step.code) == ("failed", "failed", "result_too_large")
    assert step.reason_params == {"characters": 1_200_000, "limit": LIMIT}
    assert step.result_text.startswith("Größe Größe ")
    digest = hashlib.sha256(("Größe " * 200_000).encode()).hexdigest()
    assert step.result_text.endswith(f"[cut: 1200000 characters, sha256 {digest}]")
    assert LIMIT < len(step.result_text) < LIMIT + 200
    assert execution.usage_metrics["tokens_input"] > 0
    check_history(renum)


def test_answer_that_came_in_time_counts_after_an_outage_that_lasted_longer_than_the_step_may(renum_on):
    renum = renum_on("2025-08")
    team = renum.make_team({**ONE_STEP, "defaults": {"timeout": "2s", "retry": {"max_attempts": 2}}})
    # Asked once while it runs; then Suna answers nobody who asks, long after the step's time.
    renum.suna.fail("run.get", times=1000, kind="error")
    execution = renum.start(team, 'Go. @@sim{"takes": 0.5}')
    renum.start_drivers()
    wait_until(lambda: execution.steps.filter(code="stopping").exists())

    renum.suna.clear_faults()

    execution = renum.wait_for(execution)
    step = execution.steps.get()
    assert (execution.status, step.status, step.attempts) == ("completed", "completed", 1)
    assert renum.suna.starts() == 1
    check_history(renum)


def test_suna_that_does_not_find_the_threads_that_it_makes_fails_the_step_and_holds_up_nobody(renum_on):
    renum = renum_on("2025-08")
    renum.suna.fail(
        "messages.add", times=1000, contains="lost", kind="status", status=404, body="Thread not found"
    )
    team = renum.make_team(ONE_STEP)
    lost, good = renum.start(team, "lost"), renum.start(team, "good")
    renum.start_drivers()

    lost, good = renum.wait_for(lost), renum.wait_for(good)

    step = lost.steps.get()
    assert (lost.status, step.code, step.attempts) == ("failed", "bad_response", 1)
    assert good.status == "completed"
    assert renum.suna.starts() == 1
    check_history(renum)
