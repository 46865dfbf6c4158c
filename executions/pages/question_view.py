"""A question as pages show it."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import QuerySet

from executions.models import Question
from teams.models import User
from teams.wording import step_titles
from teams.workflow.plan import plan_from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionView:
    """One open question. `may_answer` says whether the reader gets a form; `back` where it leads to."""

    id: uuid.UUID
    execution_id: uuid.UUID
    team_name: str
    step_title: str
    text: str
    options: tuple[str, ...]
    attachments: tuple[str, ...]
    asked_at: dt.datetime
    expires_at: dt.datetime | None
    may_answer: bool
    back: str


def open_questions_of(user: User) -> QuerySet[Question]:
    """Return the open questions that the user may answer, the one with the least time first."""
    rows = Question.objects.for_operator(user).open().select_related("execution__team", "step")
    unread = ("execution__initial_prompt", "execution__result", "execution__result_text")
    unread_of_step = ("step__input", "step__result_text", "step__result_data", "step__conditions")
    return rows.defer(*unread, *unread_of_step).order_by("expires_at", "id")


def build_question_view(question: Question, *, may_answer: bool, back: str) -> QuestionView:
    """Build what a page shows of a question whose execution's plan and team are loaded."""
    titles = step_titles(plan_from_json(question.execution.plan).steps)
    step_id = question.step.step_id
    return QuestionView(
        id=question.pk,
        execution_id=question.execution_id,
        team_name=question.execution.team.name,
        step_title=titles.get(step_id, step_id),
        text=question.text,
        options=tuple(map(str, question.options)),
        attachments=tuple(map(str, question.attachments)),
        asked_at=question.asked_at,
        expires_at=question.expires_at,
        may_answer=may_answer,
        back=back,
    )
