"""A question as pages show it: one that waits, and one that is over."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import QuerySet

from executions.models import Question, QuestionState
from executions.pages.answer_text import MAX_FORMATTED_CHARS, AnswerText, build_answer, spare_formatting
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedQuestionView:
    """One question that is over. `answer` is what the agent was told, by a person or by the step."""

    execution_id: uuid.UUID
    team_name: str
    step_id: str
    step_title: str
    text: str
    state: str
    answer: AnswerText | None
    answered_by: str
    asked_at: dt.datetime
    closed_at: dt.datetime | None


def open_questions_of(user: User) -> QuerySet[Question]:
    """Return the open questions that the user may answer, the one with the least time first."""
    return _shown(Question.objects.for_operator(user).open()).order_by("expires_at", "id")


def closed_questions_of(user: User, state: QuestionState) -> QuerySet[Question]:
    """Return the questions that the user might have answered and that ended so, newest first."""
    rows = Question.objects.for_operator(user).filter(state=state).select_related("answered_by")
    return _shown(rows).order_by("-id")


def _shown(rows: QuerySet[Question]) -> QuerySet[Question]:
    unread = ("execution__initial_prompt", "execution__result", "execution__result_text")
    unread_of_step = ("step__input", "step__result_text", "step__result_data", "step__conditions")
    return rows.select_related("execution__team", "step").defer(*unread, *unread_of_step)


def build_question_view(question: Question, *, may_answer: bool, back: str) -> QuestionView:
    """Build what a page shows of a question whose execution's plan and team are loaded."""
    return QuestionView(
        id=question.pk,
        execution_id=question.execution_id,
        team_name=question.execution.team.name,
        step_title=_title_of(question),
        text=question.text,
        options=tuple(map(str, question.options)),
        attachments=tuple(map(str, question.attachments)),
        asked_at=question.asked_at,
        expires_at=question.expires_at,
        may_answer=may_answer,
        back=back,
    )


def build_closed_view(question: Question) -> ClosedQuestionView:
    """Build what the inbox shows of a question that is over."""
    by = question.answered_by
    return ClosedQuestionView(
        execution_id=question.execution_id,
        team_name=question.execution.team.name,
        step_id=question.step.step_id,
        step_title=_title_of(question),
        text=question.text,
        state=question.state,
        # A person's words are shown as they were written, however long they are.
        answer=spare_formatting(build_answer(question.answer), formatted_chars=MAX_FORMATTED_CHARS),
        answered_by="" if by is None else by.get_username(),
        asked_at=question.asked_at,
        closed_at=question.closed_at,
    )


def _title_of(question: Question) -> str:
    titles = step_titles(plan_from_json(question.execution.plan).steps)
    return titles.get(question.step.step_id, question.step.step_id)
