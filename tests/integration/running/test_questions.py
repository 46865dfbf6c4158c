"""Questions to people, end to end: asked, answered, gone on with in the same thread, or closed otherwise."""

import json
from typing import Any

from executions.models import Execution, Question
from executions.orchestrator.questions_closed import close_with_answer
from tests.faults.history import check_history
from tests.fixtures.running import wait_until

ASKS = {"ask": "Which city?"}


def directive(**what: Any) -> str:
    return f"@@sim{json.dumps(what)}"


def one_step(**step: Any) -> dict[str, Any]:
    return {"type": "sequential", "agents": [{"agent_id": "agent-1", **step}]}


def open_question(execution: Execution) -> Question:
    found: Question = wait_until(
        lambda: Question.objects.filter(execution=execution, state="open").select_related("step").first()
    )
    return found


def test_answer_goes_into_the_same_thread_and_the_run_goes_on(renum_on):
    renum = renum_on("2025-08")
    renum.start_drivers()
    execution = renum.start(renum.make_team(one_step()), f"Plan a trip {directive(**ASKS)}")
    question = open_question(execution)
    step = execution.steps.get()
    assert (step.status, step.code, question.text) == ("waiting_input", "question_open", "Which city?")
    wait_until(lambda: Execution.objects.filter(pk=execution.pk, driver=None, at_rest=True).exists())

    assert close_with_answer(question, answer="Lisbon", by_id=renum.owner.pk)
    renum.wait_for(execution)

    assert execution.status == "completed"
    runs = list(execution.agent_runs.order_by("turn"))
    assert [(run.attempt, run.turn, run.status, run.code) for run in runs] == [
        (1, 1, "completed", "asked"),
        (1, 2, "completed", ""),
    ]
    assert runs[0].thread_id == runs[1].thread_id
    check_history(renum, but_for={"threads started more than once": [1]})
