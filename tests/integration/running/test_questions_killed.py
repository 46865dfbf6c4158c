"""A driver that dies between an answer and the start that carries it."""

import pytest

from executions.actions.start_step_again import start_step_again
from tests.fixtures.running import wait_until
from tests.integration.running.test_questions import ASKS, answer, begin, one_step, open_question, rests


@pytest.mark.faults
@pytest.mark.parametrize("profile", ["2025-07", "2025-12"])
def test_driver_killed_between_answer_and_its_start_makes_one_run_where_the_start_carries_it(
    renum_on, profile
):
    renum = renum_on(profile)
    cluster = renum.start_drivers()
    execution = begin(renum, one_step(), key="k", attempts=[ASKS, {"text": "Done."}])
    question = open_question(execution)
    wait_until(lambda: rests(execution))
    cluster.kill_driver()

    # Nobody drives: the answer waits in its row.
    answer(question)
    renum.suna.fail("agent.start", kind="barrier", when="after", name="start")
    wait_until(lambda: renum.suna.get("barriers")["waiting"].get("start"))
    cluster.kill_driver()
    renum.suna.release("start")

    if profile == "2025-07":
        # The start that nobody can look up is a person's to decide, and is not sent again.
        wait_until(lambda: execution.steps.filter(code="start_unknown").exists())
        assert renum.suna.starts() == 2
        step_id = execution.steps.get().step_id
        start_step_again(execution=execution, step_id=step_id, by=renum.owner)
    renum.wait_for(execution)
    again = profile == "2025-07"
    assert (execution.status, renum.suna.starts()) == ("completed", 2 + again)
    assert execution.agent_runs.filter(status="completed").count() == 2
