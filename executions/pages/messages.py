"""The page of what the team of an execution wrote, and the target of its form."""

import uuid
from urllib.parse import urlencode

from django.contrib import messages as notices
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from executions.actions.execution_rights import check_under_way
from executions.actions.post_message import post_message
from executions.models import Execution, MessageDelivery, MessageKind, TeamMessage
from executions.pages.message_view import (
    PAGE_SIZE,
    build_message_lines,
    build_refused,
    messages_chosen,
    read_message_choice,
)
from executions.pages.show_events import find_to_explain
from executions.pages.who import who_did
from executions.wording import refusal_sentence, status_words
from teams.actions.refusal import Refusal
from teams.actions.rights import may
from teams.models.database_time import database_now
from teams.models.uuid7 import new_id
from teams.pages.refused import refused_page
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.wording import step_titles
from teams.workflow.plan import plan_from_json

TEMPLATE = "executions/messages.html"
WAITS = {"600": 600, "3600": 3600, "86400": 86_400}
"""How long a request of a form may wait, in seconds."""


@require_safe
@signed_in
def show_messages(request: SignedInRequest, execution_id: uuid.UUID) -> HttpResponse:
    """Show the conversation, newest first, with a form for whoever may write to the team."""
    execution = find_to_explain(request, execution_id)
    return render(request, TEMPLATE, _context(request, execution))


def _context(request: SignedInRequest, execution: Execution) -> dict[str, object]:
    plan = plan_from_json(execution.plan)
    titles = step_titles(plan.steps)
    choice = read_message_choice(request.GET)
    told = MessageDelivery.objects.select_related("step").only("message", "step__step_id").order_by("id")
    replies = TeamMessage.objects.filter(kind=MessageKind.REPLY).only("kind", "reply_to")
    rows = messages_chosen(execution, choice).select_related("reply_to")
    with_all = rows.prefetch_related(
        Prefetch("deliveries", queryset=told), Prefetch("replies", queryset=replies)
    )
    found = list(with_all[: PAGE_SIZE + 1])
    lines = build_message_lines(found[:PAGE_SIZE], titles=titles, now=database_now())
    listeners = [(step.id, titles[step.id]) for step in plan.steps if step.tools == "team"]
    people = who_did({row.sender for row in found if row.sender.startswith("user:")}, titles=titles)
    return {
        "execution": execution,
        "status_words": status_words(execution.status),
        "lines": lines,
        "choice": choice,
        "kinds": MessageKind.choices,
        "writers": [*((f"step:{name}", title) for name, title in listeners), *sorted(people.items())],
        "listeners": listeners,
        "refused": build_refused(execution, titles=titles),
        "may_write": may(request.user, "operator", execution.team) and _takes_messages(execution),
        "reply_to": _find_reply(execution, request.GET.get("reply", "")),
        "waits": [("600", _("10 minutes")), ("3600", _("1 hour")), ("86400", _("1 day"))],
        "form_key": str(new_id()),
        "is_narrowed": bool(choice.kind or choice.who or choice.before),
        "newest": choice.address(None),
        "more": choice.address(lines[-1].seq) if len(found) > PAGE_SIZE else "",
    }


def _takes_messages(execution: Execution) -> bool:
    try:
        check_under_way(execution)
    except Refusal:
        return False
    return True


def _find_reply(execution: Execution, seq: str) -> TeamMessage | None:
    is_number = seq.isascii() and seq.isdecimal() and len(seq) < 10
    return execution.team_messages.filter(seq=int(seq)).first() if is_number else None


@require_POST
@signed_in
def write_message(request: SignedInRequest, execution_id: uuid.UUID) -> HttpResponse:
    """Post what the form says; it leads back to the conversation."""
    execution = find_to_explain(request, execution_id)
    back = reverse("execution-messages", args=[execution_id])
    target = _find_reply(execution, request.POST.get("reply_to", ""))
    try:
        post_message(
            execution=execution,
            by=request.user,
            text=request.POST.get("text", ""),
            to=None if target else request.POST.get("to") or None,
            reply_to=target.pk if target else None,
            timeout_s=None if target else WAITS.get(request.POST.get("wait", "")),
            idempotency_key=request.POST.get("form_key") or None,
        )
    except Refusal as refusal:
        sentence = refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)
        again = f"{back}?{urlencode({'reply': target.seq})}" if target else back
        return refused_page(request, sentence=sentence, status=refusal.status, back=again)
    notices.success(request, _("Your message is there. Steps read it when they start."))
    return redirect(back)
