"""The first page of the admin: how today goes and what waits for people; each figure leads to its list.

A person sees the figures of those models only that they may view.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, Q, Sum
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.ledger.totals import Tally, tally_of_rows
from billing.models import UsageLog
from billing.pricing import PricingStatus
from executions.actions.waiting_executions import Waits, count_waiting
from executions.engine.state import ExecutionStatus
from executions.models import Driver, Execution, Question
from executions.orchestrator.claim import count_claimable
from executions.wording import status_words
from teams.models.database_time import database_now

LATEST = 5
LATE_BEAT_S = 10
"""The limit of the alert in docs/operations.md."""
LATE_ROWS = dt.timedelta(hours=1)
"""A row of the ledger gets its id when it is written, never so much earlier than its `created_at`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure with the address of what it counts. It is alarming where somebody should do something."""

    name: str
    title: str
    value: int | Tally
    address: str
    note: str = ""
    is_alarming: bool = False

    @property
    def spending(self) -> Tally | None:
        """The figure where it is money."""
        return self.value if isinstance(self.value, Tally) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One of the executions that failed last."""

    address: str
    team: str
    status: str
    code: str
    finished_at: dt.datetime | None


def add_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the figures to the context of the admin's first page; named in the settings of the theme."""
    now = database_now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    may = request.user.has_perm
    parts: list[tuple[str, str, Callable[[], list[Card]]]] = [
        (_("Today"), "executions.view_execution", lambda: _executions_of(midnight)),
        (_("Cost today"), "billing.view_usagelog", lambda: _costs_of(midnight)),
        (_("Waiting"), "executions.view_execution", _waiting),
        (_("Waiting"), "executions.view_question", _questions),
        (_("Drivers"), "executions.view_driver", _drivers),
    ]
    sections: dict[str, list[Card]] = {}
    for title, permission, cards in parts:
        if may(permission):
            sections.setdefault(title, []).extend(cards())
    context["sections"] = [{"title": title, "cards": cards} for title, cards in sections.items()]
    context["failures"] = _latest_failures() if may("executions.view_execution") else []
    context["failures_address"] = _list_of("execution", status__exact=ExecutionStatus.FAILED.value)
    return context


def _executions_of(midnight: dt.datetime) -> list[Card]:
    is_ended = Q(finished_at__gte=midnight)
    # Two indexes put together: the rows of today alone are read.
    today = Execution.objects.filter(Q(created_at__gte=midnight) | is_ended).order_by()
    counts = today.aggregate(
        started=Count("pk", filter=Q(created_at__gte=midnight)),
        completed=Count("pk", filter=is_ended & Q(status=ExecutionStatus.COMPLETED)),
        failed=Count("pk", filter=is_ended & Q(status=ExecutionStatus.FAILED)),
    )
    return [
        Card(
            name="started",
            title=_("executions started"),
            value=counts["started"],
            address=_list_of("execution", **_since("created_at", midnight)),
        ),
        Card(
            name="completed",
            title=_("executions completed"),
            value=counts["completed"],
            address=_list_of(
                "execution",
                status__exact=ExecutionStatus.COMPLETED.value,
                **_since("finished_at", midnight),
            ),
        ),
        Card(
            name="failed",
            title=_("executions failed"),
            value=counts["failed"],
            address=_list_of(
                "execution", status__exact=ExecutionStatus.FAILED.value, **_since("finished_at", midnight)
            ),
            is_alarming=counts["failed"] > 0,
        ),
    ]


def _costs_of(midnight: dt.datetime) -> list[Card]:
    # Ids begin with the time at which they were made (RFC 9562): so the rows of today lie together.
    first = uuid.UUID(int=int((midnight - LATE_ROWS).timestamp() * 1000) << 80)
    spent: Tally = tally_of_rows(UsageLog.objects.filter(pk__gte=first, created_at__gte=midnight))
    unpriced = UsageLog.objects.filter(pricing=PricingStatus.UNPRICED.value).order_by().count()
    note = ""
    if spent.unknown:
        note = ngettext(
            "%(count)s answer is not in it.", "%(count)s answers are not in it.", spent.unknown
        ) % {"count": spent.unknown}
    return [
        Card(
            name="spend",
            title=_("spent"),
            value=spent,
            address=_list_of("usagelog", app="billing", **_since("created_at", midnight)),
            note=note,
        ),
        Card(
            name="unpriced",
            title=_("answers without a price"),
            value=unpriced,
            address=_list_of("usagelog", app="billing", pricing__exact=PricingStatus.UNPRICED.value),
            is_alarming=unpriced > 0,
        ),
    ]


def _waiting() -> list[Card]:
    titles = {
        Waits.STUCK: _("stuck without a driver"),
        Waits.QUARANTINED: _("set aside after crashes"),
        Waits.NEEDS_REVIEW: _("to be looked over"),
        Waits.START_UNCERTAIN: _("starts in doubt"),
    }
    counts = count_waiting()
    return [
        Card(
            name=waits.value,
            title=title,
            value=counts[waits],
            address=_list_of("execution", waits=waits.value),
            is_alarming=counts[waits] > 0,
        )
        for waits, title in titles.items()
    ]


def _questions() -> list[Card]:
    return [
        Card(
            name="questions",
            title=_("open questions"),
            value=Question.objects.open().order_by().count(),
            address=_list_of("question", state__exact="open"),
        )
    ]


def _drivers() -> list[Card]:
    found = (
        Driver.objects.alive()
        .order_by()
        .aggregate(
            alive=Count("pk"), held=Sum("in_flight"), places=Sum("capacity"), silent=Max(Now() - F("beat_at"))
        )
    )
    alive, held, places = found["alive"], found["held"] or 0, found["places"] or 0
    silent_s = 0 if found["silent"] is None else max(0, round(found["silent"].total_seconds()))
    note = _("They hold %(held)s of %(places)s executions.") % {"held": held, "places": places}
    # A driver ends when it has nothing left to carry: none is as it should be while nothing waits.
    is_missing = not alive and count_claimable() > 0
    if is_missing:
        note = _("Executions wait, and nothing goes on before one is started.")
    elif not alive:
        note = _("None is needed: nothing waits.")
    elif silent_s > LATE_BEAT_S:
        note = _("One has been silent for %(seconds)s s.") % {"seconds": silent_s}
    return [
        Card(
            name="drivers",
            title=_("drivers alive"),
            value=alive,
            address=reverse("doctor"),
            note=note,
            is_alarming=is_missing or silent_s > LATE_BEAT_S,
        )
    ]


def _latest_failures() -> list[Failure]:
    rows = Execution.objects.filter(status=ExecutionStatus.FAILED).order_by("-pk")
    latest = rows.values_list("pk", "team__name", "status", "code", "finished_at")[:LATEST]
    return [
        Failure(
            address=reverse("admin:executions_execution_change", args=[pk]),
            team=team,
            status=status_words(status),
            code=code,
            finished_at=finished_at,
        )
        for pk, team, status, code, finished_at in latest
    ]


def _list_of(model: str, app: str = "executions", **query: str) -> str:
    return f"{reverse(f'admin:{app}_{model}_changelist')}?{urlencode(query)}"


def _since(column: str, moment: dt.datetime) -> dict[str, str]:
    return {f"{column}_from_0": f"{moment:%Y-%m-%d}", f"{column}_from_1": f"{moment:%H:%M:%S}"}
