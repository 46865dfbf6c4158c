"""Questions that agents ask, read-only, and the answer that staff may give."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from executions.actions.answer_question import QuestionClosed, answer_question
from executions.actions.execution_rights import CHANGE
from executions.models import Question, QuestionState
from executions.wording import refusal_sentence
from executions.wording.questions import closed_sentence
from teams.actions.refusal import Refusal
from teams.admin.read_only import ReadOnly, excerpt
from teams.admin.theme import ModelAdmin, action

_UNREAD = (
    *(f"execution__{name}" for name in ("plan", "initial_prompt", "result", "result_text")),
    *(f"step__{name}" for name in ("input", "result_text", "result_data", "conditions")),
)


@admin.register(Question)
class QuestionAdmin(ReadOnly, ModelAdmin[Question]):
    """One question a row."""

    list_display = ("beginning", "team_name", "step_name", "state", "asked_at", "expires_at", "answered_by")
    list_filter = ("state", "is_automatic")
    search_fields = ("execution__id", "step__step_id")
    fields = (
        "execution",
        "step_name",
        "text",
        "options",
        "attachments",
        "state",
        "asked_at",
        "expires_at",
        "answer",
        "answered_by",
        "is_automatic",
        "closed_at",
    )
    actions_detail = ("answer_it",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        """Fetch what the rows name along with them, large texts not."""
        rows = super().get_queryset(request).select_related("execution__team", "step", "answered_by")
        return rows.defer(*_UNREAD)

    @admin.display(description=_("question"))
    def beginning(self, obj: Question) -> str:
        """Return how it begins."""
        return excerpt(obj.text)[:80] or str(obj.pk)

    @admin.display(description=_("team"), ordering="execution__team__name")
    def team_name(self, obj: Question) -> str:
        """Name the team."""
        return obj.execution.team.name

    @admin.display(description=_("step"), ordering="step__step_id")
    def step_name(self, obj: Question) -> str:
        """Name the step."""
        return obj.step.step_id

    def has_answer_it_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether staff with the right to change executions may answer this, which must be open."""
        if not request.user.has_perm(CHANGE):
            return False
        return obj is None or self._find_open(obj) is not None

    @action(description=_("Answer this question"), permissions=["answer_it"], url_path="answer")
    def answer_it(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the form, and take it."""
        if isinstance(request.user, AnonymousUser):
            raise PermissionDenied
        question = self._find_open(object_id)
        if question is None:
            raise Http404
        back = reverse("admin:executions_question_change", args=[question.pk])
        if request.method == "POST":
            text = request.POST.get("option") or request.POST.get("answer", "")
            try:
                answer_question(question=question, by=request.user, answer=text, as_staff=True)
            except QuestionClosed:
                by = question.answered_by
                name = None if by is None else by.get_username()
                said = closed_sentence(state=question.state, name=name, closed_at=question.closed_at)
                messages.warning(request, said)
            except Refusal as refusal:
                said = refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)
                messages.warning(request, said)
                return HttpResponseRedirect(request.path)
            else:
                messages.success(request, _("The answer is on its way to the agent."))
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Answer this question"),
            "opts": self.opts,
            "question": question,
            "back": back,
        }
        return TemplateResponse(request, "admin/executions/answer.html", context)

    def _find_open(self, object_id: Any) -> Question | None:
        try:
            pk = uuid.UUID(str(object_id))
        except ValueError:
            return None
        rows = Question.objects.select_related("execution__team", "step").defer(*_UNREAD)
        return rows.filter(pk=pk, state=QuestionState.OPEN).first()
