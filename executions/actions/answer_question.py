"""Answering an agent's question: the row is written, and the execution's driver goes on with it."""

from executions.actions.execution_rights import check_may_change
from executions.models import Question, QuestionState
from executions.orchestrator.questions_closed import close_with_answer
from teams.actions.refusal import Refusal, input_problem
from teams.models import User
from teams.workflow.plan import Json
from teams.workflow.problems import Problem

MAX_ANSWER_BYTES = 64 * 1024


class QuestionClosed(Refusal):
    """The question is not open any more; its message says who answered when, if anybody did.

    So do, for programs, the parameters of its one problem: state, answered_by, closed_at.
    """

    code = "question_closed"


def answer_question(*, question: Question, by: User, answer: str, as_staff: bool = False) -> Question:
    """Answer an open question; whoever comes second is refused, also with the same words.

    Raises NotAllowed for less than an operator, InvalidInput for an answer that no agent can be given, and
    QuestionClosed. With `as_staff`, the right to change executions counts instead of the role.
    """
    check_may_change(by, question.execution, as_staff=as_staff)
    _check_answer(answer)
    answered = close_with_answer(question, answer=answer, by_id=by.pk)
    question.refresh_from_db()
    if not answered:
        message = _say_why(question)
        raise QuestionClosed(message, problems=[Problem("", QuestionClosed.code, message, _facts(question))])
    return question


def _check_answer(answer: str) -> None:
    if not answer.strip():
        raise input_problem("/answer", "required", "Write an answer.")
    try:
        size = len(answer.encode())
    except UnicodeEncodeError:
        raise input_problem("/answer", "surrogate", "The answer holds a broken character.") from None
    if size > MAX_ANSWER_BYTES:
        raise input_problem("/answer", "too_large", "The answer is too long: 64 KiB are the most.")
    if "\x00" in answer:
        raise input_problem("/answer", "nul_character", "The answer holds the character NUL. Remove it.")


def _facts(question: Question) -> dict[str, Json]:
    return {
        "state": question.state,
        "answered_by": None if question.answered_by is None else question.answered_by.get_username(),
        "closed_at": None if question.closed_at is None else question.closed_at.isoformat(),
    }


def _say_why(question: Question) -> str:
    at = "" if question.closed_at is None else f"{question.closed_at:%Y-%m-%d %H:%M:%S} UTC"
    match question.state:
        case QuestionState.ANSWERED if question.answered_by is not None:
            return f"{question.answered_by.get_username()} has answered the question, at {at}."
        case QuestionState.ANSWERED:
            return f"The step's own policy has answered the question, at {at}."
        case QuestionState.EXPIRED:
            return f"The time for an answer was up at {at}."
        case _:
            return "The question was withdrawn: its step waits for no answer any more."
