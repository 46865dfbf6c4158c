"""The start page: the way to a first run for who is new, and what goes on for who is not."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Left
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from billing.models import UsageLog
from billing.pages.budget_view import budgets_nearly_used_up
from executions.models import Execution
from executions.pages.list_executions import LARGE_COLUMNS, PROMPT_CHARS
from executions.pages.question_view import build_question_view, open_questions_of
from executions.pages.rows import ExecutionRow, build_row
from teams.gallery import DEFAULT_LANGUAGE, list_templates
from teams.models import SunaConnection, Team, User
from teams.pages.signed_in import SignedInRequest, signed_in

ROWS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSteps:
    """What of the way to a first run is done. `connection` is the one that a new team would run on."""

    connection: SunaConnection | None
    team: Team | None
    latest: Execution | None
    is_watched: bool

    @property
    def is_over(self) -> bool:
        """Whether the person has had a first result, so that the way needs no showing any more."""
        return self.is_watched


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSpent:
    """Spent since the first of the month, in the reader's time zone, on what the person pays."""

    usd: Decimal
    unpriced: int


@require_safe
@signed_in
def show_start(request: SignedInRequest) -> HttpResponse:
    """Show the checklist until there was a first result, from then on the dashboard."""
    user = request.user
    steps = _first_steps(user)
    if not steps.is_over:
        templates = list_templates(get_language() or DEFAULT_LANGUAGE)
        return render(request, "executions/start.html", {"steps": steps, "templates": templates})
    seen = Execution.objects.for_user(user)
    context = {
        "steps": steps,
        "running": _rows(seen.unfinished().order_by("-id")),
        "finished": _rows(seen.filter(finished_at__isnull=False).order_by("-id")),
        "questions": [
            build_question_view(question, may_answer=True, back="inbox")
            for question in open_questions_of(user)[:ROWS]
        ],
        "spent": _spent(user),
        "budget_notices": budgets_nearly_used_up(user),
        "teams": Team.objects.for_user(user).select_related("owner").order_by("-updated_at", "pk")[:ROWS],
    }
    return render(request, "executions/start.html", context)


def _first_steps(user: User) -> FirstSteps:
    connections = SunaConnection.objects.visible_to(user).exclude(wire_profile="")
    seen = Execution.objects.for_user(user).defer(*LARGE_COLUMNS[:-1])
    latest = seen.order_by("-id").first()
    return FirstSteps(
        connection=connections.order_by("created_at").first(),
        team=Team.objects.for_user(user).order_by("-created_at").first(),
        latest=latest,
        is_watched=latest is not None and seen.filter(finished_at__isnull=False).exists(),
    )


def _rows(found: QuerySet[Execution]) -> list[ExecutionRow]:
    rows = found.select_related("team", "started_by", "workflow_version").defer(*LARGE_COLUMNS)
    return [
        build_row(execution)
        for execution in rows.annotate(prompt_start=Left("initial_prompt", PROMPT_CHARS))[:ROWS]
    ]


def _spent(user: User) -> MonthSpent:
    first = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = UsageLog.objects.filter(payer=user, created_at__gte=first)
    found = rows.aggregate(usd=Sum("cost_usd"), unpriced=Count("pk", filter=~Q(pricing="priced")))
    return MonthSpent(usd=found["usd"] or Decimal(0), unpriced=found["unpriced"])
