"""The page of costs: what teams cost, by team, agent, model, day and more, for a period."""

import datetime as dt
import zoneinfo
from collections.abc import Mapping

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.ledger import TooManyGroups, UnknownTimeZone, narrow
from billing.models import UsageLog
from billing.pages.cost_chips import build_chips
from billing.pages.cost_filters import (
    DEFAULT_GROUP,
    GROUPS,
    BadFilter,
    CostQuery,
    read_group,
    read_narrowing,
)
from billing.pages.cost_period import DEFAULT, PRESETS, BadPeriod, preset_period, read_period
from billing.pages.cost_view import build_cost_view
from executions.actions.spent_in_vain import spent_in_vain
from teams.pages.signed_in import SignedInRequest, signed_in


@require_safe
@signed_in
def show_costs(request: SignedInRequest) -> HttpResponse:
    """Show what the reader may see: what they pay for, and what their teams cost."""
    query, problem = read_query(request.GET.dict())
    rows = UsageLog.objects.for_user(request.user)
    try:
        view = build_cost_view(rows, query, reader=request.user)
    except UnknownTimeZone:
        query = _in_utc(query)
        view = build_cost_view(rows, query, reader=request.user)
    except TooManyGroups:
        problem = _("That is too much for one page. It shows this month: choose a shorter period.")
        query = CostQuery(
            period=preset_period(DEFAULT, today=_today(), zone=query.period.days.zone),
            group=DEFAULT_GROUP,
            narrowing={},
        )
        view = build_cost_view(rows, query, reader=request.user)
    context = {
        "view": view,
        "query": query,
        "wasted": spent_in_vain(narrow(rows, query.narrowed)) if view.overall.responses else None,
        "chips": build_chips(query, reader=request.user),
        "presets": [
            (words, query.of_period({} if name == DEFAULT else {"period": name}), name == query.period.preset)
            for name, words in PRESETS.items()
        ],
        "groups": [
            (words, query.address(group=group), group is query.group) for group, words in GROUPS.items()
        ],
        "rows_address": reverse("cost-rows") + query.address(),
        "unpriced_address": reverse("cost-rows") + query.address({"pricing": "unpriced"}),
        "csv_sums": reverse("api:usage-summary") + query.api_query(group_by=query.group.value),
        "csv_rows": reverse("api:usage") + query.api_query(),
        "problem": problem,
        "has_any": bool(view.overall.responses) or rows.exists(),
    }
    return render(request, "billing/costs.html", context, status=400 if problem else 200)


def read_query(asked: Mapping[str, str]) -> tuple[CostQuery, str]:
    """Return what is asked for, and what is wrong with it in words; what is wrong is left out."""
    zone = timezone.get_current_timezone()
    problems = []
    try:
        period = read_period(asked, today=_today(), zone=zone)
    except BadPeriod as bad:
        problems.append(str(bad))
        period = preset_period(DEFAULT, today=_today(), zone=zone)
    try:
        group = read_group(asked)
    except BadFilter as bad:
        problems.append(str(bad))
        group = DEFAULT_GROUP
    try:
        narrowing = read_narrowing(asked)
    except BadFilter as bad:
        problems.append(str(bad))
        narrowing = {}
    return CostQuery(period=period, group=group, narrowing=narrowing), problems[0] if problems else ""


def _today() -> dt.date:
    return timezone.localdate()


def _in_utc(query: CostQuery) -> CostQuery:
    with timezone.override(dt.UTC):
        period = read_period(query.period.query, today=_today(), zone=zoneinfo.ZoneInfo("UTC"))
    return CostQuery(period=period, group=query.group, narrowing=query.narrowing)
