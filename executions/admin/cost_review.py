"""Staff review what everything cost, by whatever they like, down to each answer of a model."""

import uuid
from typing import Any

from django.contrib import admin
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.api.usage_endpoints import UNREAD
from billing.api.usage_output import ROW_COLUMNS, group_header, group_rows
from billing.ledger import TooManyGroups, UnknownTimeZone, each_row, narrow, sum_up
from billing.ledger.totals import tally_rows
from billing.models import UsageLog
from billing.pages.cost_chips import build_chips
from billing.pages.cost_filters import GROUPS
from billing.pages.cost_period import DEFAULT, PRESETS
from billing.pages.cost_query import in_utc, of_this_month, read_query
from billing.pages.cost_view import build_cost_view
from billing.pages.known_agents import names_of_agents
from executions.actions.spent_in_vain import rows_in_vain, spent_in_vain
from executions.admin.execution_verbs import person_of
from teams.actions.audit import record
from teams.api.csv_text import csv_pieces
from teams.api.streamed import streamed_file

SEE = "billing.view_usagelog"
PAGE_SIZE = 50


@never_cache
@require_safe
def review_costs(request: HttpRequest) -> HttpResponse:
    """Show the sums of all rows of the ledger that the address means."""
    _check(request)
    query, problem = read_query(request.GET.dict())
    rows = UsageLog.objects.all()
    try:
        view = build_cost_view(rows, query, reader=None)
    except UnknownTimeZone:
        query = in_utc(query)
        view = build_cost_view(rows, query, reader=None)
    except TooManyGroups:
        problem = _("That is too much for one page. It shows this month: choose a shorter period.")
        query = of_this_month(query)
        view = build_cost_view(rows, query, reader=None)
    rows_address = reverse("staff-cost-rows") + query.address()
    context = {
        **admin.site.each_context(request),
        "title": _("Costs"),
        "view": view,
        "query": query,
        "wasted": spent_in_vain(narrow(rows, query.narrowed)) if view.overall.responses else None,
        "chips": build_chips(query, reader=None),
        "presets": [
            (words, query.of_period({} if name == DEFAULT else {"period": name}), name == query.period.preset)
            for name, words in PRESETS.items()
        ],
        "groups": [
            (words, query.address(group=group), group is query.group) for group, words in GROUPS.items()
        ],
        "rows_address": rows_address,
        "unpriced_address": reverse("staff-cost-rows") + query.address({"pricing": "unpriced"}),
        "csv_sums": reverse("staff-cost-csv") + query.address({"of": "sums"}),
        "csv_rows": reverse("staff-cost-csv") + query.address({"of": "rows"}),
        "problem": problem,
    }
    status = 400 if problem else 200
    return TemplateResponse(request, "admin/billing/cost_review.html", context, status=status)


@never_cache
@require_safe
def review_cost_rows(request: HttpRequest) -> HttpResponse:
    """Show the answers that a figure is made of, newest first, from the one that `before` names on."""
    _check(request)
    query, problem = read_query(request.GET.dict())
    is_in_vain = request.GET.get("in_vain") == "1"
    rows = narrow(UsageLog.objects.all(), query.narrowed)
    if is_in_vain:
        rows = rows_in_vain(rows)
    before = _read_id(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    unread = rows.select_related("team", "payer").defer("request_data", "response_data", "unit_prices")
    found = list(unread.order_by("-id")[: PAGE_SIZE + 1])
    shown, kept = found[:PAGE_SIZE], {"in_vain": "1"} if is_in_vain else {}
    agents = names_of_agents({row.agent_id for row in shown}, reader=None)
    context = {
        **admin.site.each_context(request),
        "title": _("What the costs are made of"),
        "rows": [
            {
                "row": row,
                "spending": tally_rows([row]),
                "agent": agents.get(row.agent_id, row.agent_id),
                "address": reverse("admin:billing_usagelog_change", args=[row.pk]),
            }
            for row in shown
        ],
        "query": query,
        "chips": build_chips(query, reader=None),
        "is_in_vain": is_in_vain,
        "back": reverse("staff-costs") + query.address(),
        "newest": query.address(kept) if before is not None else "",
        "older": query.address({"before": str(shown[-1].pk), **kept}) if len(found) > PAGE_SIZE else "",
        "csv_rows": "" if is_in_vain else reverse("staff-cost-csv") + query.address({"of": "rows"}),
        "problem": problem,
    }
    status = 400 if problem else 200
    return TemplateResponse(request, "admin/billing/cost_rows.html", context, status=status)


@never_cache
@require_safe
def export_costs(request: HttpRequest) -> StreamingHttpResponse:
    """Send the sums or the answers as a table for spreadsheets; no cell of it is a formula."""
    _check(request)
    query, problem = read_query(request.GET.dict())
    wanted = request.GET.get("of", "sums")
    if problem or wanted not in ("sums", "rows"):
        raise BadRequest("The address asks for something that there is not.")
    record("usage_exported", by=person_of(request), details={"of": wanted})
    rows = narrow(UsageLog.objects.all(), query.narrowed)
    if wanted == "rows":
        rows = rows.select_related("payer", "started_by").defer(*UNREAD)
        cells = ([value(row) for value in ROW_COLUMNS.values()] for row in each_row(rows))
        return _file(request, "usage.csv", list(ROW_COLUMNS), cells)
    try:
        summary = sum_up(rows, by=[query.group], time_zone=query.period.days.zone)
    except (TooManyGroups, UnknownTimeZone):
        raise BadRequest("That is too much for one table.") from None
    return _file(request, "costs.csv", group_header([query.group]), group_rows(summary))


def _file(request: HttpRequest, name: str, header: list[str], rows: Any) -> StreamingHttpResponse:
    return streamed_file(request, csv_pieces(header, rows), media_type="text/csv", filename=name)


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(SEE):
        raise PermissionDenied


def _read_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
