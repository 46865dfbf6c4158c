"""What ends a question from outside the transitions: a person's answer, or its time.

Each is a conditional UPDATE under the lock of the execution's row, with its event, so that of two answers, or
of an answer and the end of the time, exactly one counts. What follows for the step is its driver's to say,
which finds what is not `heard` yet.
"""

import uuid

from django.db import transaction
from django.db.models.functions import Now

from executions.engine.state import EXECUTION_TERMINAL
from executions.models import Execution, Question, QuestionState
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from executions.orchestrator.database_calls import brief_locks
from executions.orchestrator.wake import wake_drivers_on_commit
from teams.workflow.plan import Plan


def close_with_answer(question: Question, *, answer: str, by_id: uuid.UUID) -> bool:
    """Answer an open question; False where it is not open any more. Drivers are woken on commit."""
    with transaction.atomic():
        rows = Execution.objects.select_for_update(no_key=True).filter(pk=question.execution_id)
        execution = rows.exclude(status__in=EXECUTION_TERMINAL).filter(cancel_requested_at=None).first()
        if execution is None:
            return False
        answered = Question.objects.filter(pk=question.pk, state=QuestionState.OPEN).update(
            state=QuestionState.ANSWERED, answer=answer, answered_by=by_id, closed_at=Now()
        )
        if not answered:
            return False
        Execution.objects.filter(pk=execution.pk).update(at_rest=False)
        event = Event(
            kind="question_answered",
            step_id=question.step.step_id,
            data={"question": str(question.pk)},
            actor=f"user:{by_id}",
        )
        append_events(execution.pk, [event])
        wake_drivers_on_commit(execution.pk)
    return True


def expire_due(execution_id: uuid.UUID, *, plan: Plan) -> int:
    """Close the questions of an execution whose time is up, as their steps' policies say; return how many.

    Raises OperationalError where the execution's row is locked by somebody else for long.
    """
    with brief_locks():
        list(Execution.objects.select_for_update(no_key=True).filter(pk=execution_id).values_list("pk"))
        due = Question.objects.filter(
            execution_id=execution_id, state=QuestionState.OPEN, expires_at__lte=Now()
        ).select_related("step")
        events = []
        for question in due:
            policy = plan.step(question.step.step_id).on_question
            goes_on = policy.on_timeout == "auto_answer"
            Question.objects.filter(pk=question.pk).update(
                state=QuestionState.EXPIRED,
                answer=policy.answer if goes_on else None,
                is_automatic=goes_on,
                closed_at=Now(),
            )
            data = {"question": str(question.pk), "goes_on": goes_on}
            events.append(Event(kind="question_expired", step_id=question.step.step_id, data=data))
        if events:
            append_events(execution_id, events)
    return len(events)
