"""The rows of questions: how a transition writes them, and what a driver asks of them.

What people and time do to a question is `questions_closed`'s; both happen under the execution's row lock.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from executions.models import Question, QuestionState
from teams.models.uuid7 import new_id

# Whoever answered in this very moment keeps the word: only what is still open is withdrawn.
_CLOSE = """
UPDATE executions_question SET heard = true, closed_at = COALESCE(closed_at, now()),
    state = CASE WHEN state = 'open' THEN 'withdrawn' ELSE state END
WHERE step_id = ANY(%s) AND NOT heard
"""
_UNHEARD = """
SELECT DISTINCT q.execution_id FROM executions_question q
JOIN renum_team_executions e ON e.id = q.execution_id
WHERE e.driver_id = %s AND q.state IN ('answered', 'expired') AND NOT q.heard
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question to write: `step_id` and `run_id` are row ids.

    `answer` is set where the step's policy answers in the moment of asking; `expires_at` where a person is
    asked.
    """

    id: uuid.UUID = field(default_factory=new_id)
    step_id: uuid.UUID
    run_id: uuid.UUID
    text: str
    options: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    expires_at: dt.datetime | None = None
    answer: str | None = None


def write_questions(execution_id: uuid.UUID, asked: Sequence[Asked], *, at: dt.datetime) -> None:
    """Write new questions of an execution whose row is locked."""
    Question.objects.bulk_create(
        Question(
            id=one.id,
            execution_id=execution_id,
            step_id=one.step_id,
            agent_run_id=one.run_id,
            text=one.text,
            options=list(one.options),
            attachments=list(one.attachments),
            state=QuestionState.OPEN if one.answer is None else QuestionState.ANSWERED,
            asked_at=at,
            expires_at=one.expires_at,
            answer=one.answer,
            is_automatic=one.answer is not None,
            closed_at=None if one.answer is None else at,
            heard=one.answer is not None,
        )
        for one in asked
    )


def close_questions_of(step_ids: Sequence[uuid.UUID]) -> None:
    """Note that these steps wait for no answer any more; a question that is still open is withdrawn."""
    if step_ids:
        with connection.cursor() as cursor:
            cursor.execute(_CLOSE, [list(step_ids)])


def find_unheard(driver_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the driver's executions in which a question is answered or out of time and not taken in yet."""
    with connection.cursor() as cursor:
        cursor.execute(_UNHEARD, [driver_id])
        return [row[0] for row in cursor.fetchall()]
