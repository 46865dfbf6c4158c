"""Questions that agents ask: the inbox, one of them, and its answer."""

import uuid

from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.answer_question import QuestionClosed, answer_question
from executions.api.question_input import AnswerInput
from executions.api.question_output import QuestionOutput, find_question, questions_to_answer
from executions.models import QuestionState
from teams.actions.refusal import NotAllowed
from teams.api.authentication import person
from teams.api.declared import ID, Answer, Parameter, page
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.api.query import read_choice, read_uuid


class QuestionList(Endpoint):
    """The questions of the teams in which a person may answer."""

    query = (
        *PAGE,
        Parameter("team", ID, "Only the questions of this team."),
        Parameter(
            "status",
            {"enum": QuestionState.values, "default": QuestionState.OPEN.value},
            "Only those that stand so.",
        ),
    )
    answers = {"GET": page(QuestionOutput)}

    def get(self, request: Request) -> Response:
        """List them, newest first: the open ones, unless `status` says another."""
        status = read_choice(request, "status", tuple(QuestionState.values)) or QuestionState.OPEN
        team_id = read_uuid(request, "team")
        rows = questions_to_answer(person(request)).filter(state=status)
        if team_id is not None:
            rows = rows.filter(execution__team_id=team_id)
        return page_of(rows, request, QuestionOutput)


class QuestionDetail(Endpoint):
    """One question."""

    answers = {"GET": Answer(body=QuestionOutput)}

    def get(self, request: Request, question_id: uuid.UUID) -> Response:
        """Show it, to everybody who sees its execution."""
        question = find_question(person(request), question_id)
        return Response(QuestionOutput(question, context={"request": request}).data)


class QuestionAnswer(Endpoint):
    """The answer to a question. It is committed when this answers, and the agent goes on with it."""

    scopes = {"POST": "run"}
    inputs = {"POST": AnswerInput}
    answers = {"POST": Answer(body=QuestionOutput)}
    refuses = {"POST": (NotAllowed, QuestionClosed)}

    def post(self, request: Request, question_id: uuid.UUID) -> Response:
        """Answer it, and show it as it stands. Of two answers the first counts."""
        question = find_question(person(request), question_id)
        answer = read_body(request, AnswerInput)["answer"]
        answer_question(question=question, by=person(request), answer=answer)
        answered = find_question(person(request), question_id)
        return Response(QuestionOutput(answered, context={"request": request}).data)
