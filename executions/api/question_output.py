"""What clients get about questions. What an agent wrote is shown as it is: whoever renders it escapes it."""

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.reverse import reverse

from executions.api.execution_names import TeamNameOutput
from executions.models import Execution, Question, QuestionState
from executions.models.question import QuestionQuerySet
from teams.actions.rights import includes
from teams.api.authentication import person
from teams.api.team_output import PersonOutput
from teams.models import User

_UNREAD = (
    *(f"execution__{name}" for name in ("plan", "initial_prompt", "result", "result_text")),
    *(f"step__{name}" for name in ("input", "input_cuts", "conditions", "result_text", "result_data")),
)


class QuestionOutput(serializers.ModelSerializer[Question]):
    """A question; load it with `questions_seen` or `questions_to_answer`.

    `options` are the answers that the agent offers; any other text is as good. `answer` is what the agent was
    told: by `answered_by`, or where `is_automatic` by the step's own policy. `can` says whether whoever asks
    may answer it now.
    """

    execution = serializers.UUIDField(source="execution_id")
    team = TeamNameOutput(source="execution.team")
    step_id = serializers.CharField(source="step.step_id")
    attempt = serializers.IntegerField(source="agent_run.attempt")
    turn = serializers.IntegerField(source="agent_run.turn")
    status = serializers.CharField(source="state")
    answered_by = PersonOutput(allow_null=True)
    can = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    class Meta:
        model = Question
        fields = [
            "id",
            "execution",
            "team",
            "step_id",
            "attempt",
            "turn",
            "text",
            "options",
            "attachments",
            "status",
            "asked_at",
            "expires_at",
            "answer",
            "answered_by",
            "is_automatic",
            "closed_at",
            "can",
            "links",
        ]

    def get_can(self, question: Question) -> list[str]:
        """Return what the person may do with it now."""
        user = person(self.context["request"])
        is_owner = question.execution.team.owner_id == user.pk
        held = "owner" if is_owner else getattr(question, "member_role", None)
        may = question.state == QuestionState.OPEN and includes(held, "operator")
        return ["answer"] if may else []

    def get_links(self, question: Question) -> dict[str, str]:
        """Return where the question, its answer and its execution are."""
        request = self.context["request"]
        own = {"question_id": question.pk}
        whole = {"execution_id": question.execution_id}
        return {
            "self": reverse("api:question", kwargs=own, request=request),
            "answer": reverse("api:question-answer", kwargs=own, request=request),
            "execution": reverse("api:execution", kwargs=whole, request=request),
        }


def questions_seen(user: User) -> QuerySet[Question]:
    """Return the questions of the user's teams, with what their output names."""
    return _related(Question.objects.for_user(user), user)


def questions_to_answer(user: User) -> QuerySet[Question]:
    """Return the questions of the teams in which the user may answer."""
    return _related(Question.objects.for_operator(user), user)


def questions_of(execution: Execution, user: User) -> QuerySet[Question]:
    """Return the questions of an execution that the user sees, oldest first."""
    return _related(Question.objects.for_user(user).filter(execution=execution), user).order_by("id")


def find_question(user: User, question_id: uuid.UUID) -> Question:
    """Return the question; Http404 where it is not there or not the user's to see."""
    question = questions_seen(user).filter(pk=question_id).first()
    if question is None:
        raise Http404
    return question


def written_questions(rows: QuerySet[Question], request: Any) -> list[dict[str, Any]]:
    """Return the questions as clients get them."""
    return list(QuestionOutput(rows, many=True, context={"request": request}).data)


def _related(rows: QuestionQuerySet, user: User) -> QuerySet[Question]:
    related = rows.with_role_of(user).select_related("execution__team", "step", "agent_run", "answered_by")
    return related.defer(*_UNREAD)
