"""The inbox: the questions that wait for a person's answer, those that are over, the target of answers."""

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from executions.actions.answer_question import QuestionClosed, answer_question
from executions.models import Question, QuestionState
from executions.pages.question_view import (
    build_closed_view,
    build_question_view,
    closed_questions_of,
    open_questions_of,
)
from executions.wording import refusal_sentence
from executions.wording.questions import closed_sentence
from teams.actions.refusal import Refusal
from teams.pages.refused import refused_page
from teams.pages.signed_in import SignedInRequest, signed_in

PAGE_SIZE = 25
BACK = ("inbox", "execution")


@require_safe
@signed_in
def show_inbox(request: SignedInRequest) -> HttpResponse:
    """Show the questions of all teams in which the person may answer: the open ones, or as `state` says."""
    state = request.GET.get("state") or QuestionState.OPEN
    if state not in QuestionState.values:
        raise Http404
    is_open = state == QuestionState.OPEN
    rows = (
        open_questions_of(request.user)
        if is_open
        else closed_questions_of(request.user, QuestionState(state))
    )
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "state": state,
        "page_query": "" if is_open else f"state={state}",
        "questions": [build_question_view(one, may_answer=True, back="inbox") for one in page if is_open],
        "closed": [build_closed_view(one) for one in page if not is_open],
    }
    return render(request, "executions/inbox.html", context)


@require_POST
@signed_in
def answer(request: SignedInRequest, question_id: uuid.UUID) -> HttpResponse:
    """Answer a question with the offered answer that was pressed, else with the text; lead back."""
    rows = Question.objects.for_user(request.user).select_related("execution__team", "step", "answered_by")
    question = get_object_or_404(rows, pk=question_id)
    is_inbox = request.POST.get("back") == "inbox"
    back = reverse("inbox") if is_inbox else reverse("execution", args=[question.execution_id])
    text = request.POST.get("option") or request.POST.get("answer", "")
    try:
        answer_question(question=question, by=request.user, answer=text)
    except QuestionClosed:
        return refused_page(request, sentence=_say_closed(question), status=QuestionClosed.status, back=back)
    except Refusal as refusal:
        sentence = refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)
        return refused_page(request, sentence=sentence, status=refusal.status, back=back)
    messages.success(request, _("Your answer is on its way to the agent."))
    return redirect(back)


def _say_closed(question: Question) -> str:
    by = question.answered_by
    name = None if by is None else by.get_username()
    return closed_sentence(state=question.state, name=name, closed_at=question.closed_at)
