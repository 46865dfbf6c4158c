"""The ledger across executions: its rows, and what they add up to, as JSON and as CSV.

A person sees what they pay for, and what the teams cost in which they have a role.
"""

from django.http import StreamingHttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.usage_output import (
    ROW_COLUMNS,
    SUMMARY,
    LedgerRowOutput,
    group_header,
    group_rows,
    written_summary,
)
from billing.api.usage_query import FORMAT, GROUP_BY, NARROWING, read_group_by, read_narrowed, wants_csv
from billing.ledger import TooManyGroups, UnknownTimeZone, each_row, narrow, sum_up
from billing.ledger.summary import MAX_GROUPS
from billing.models import UsageLog
from teams.api.answer_forms import CsvText, InForm
from teams.api.authentication import person
from teams.api.csv_text import csv_pieces
from teams.api.declared import Answer, Refused, page
from teams.api.endpoint import PAGE, Endpoint, page_of
from teams.api.periods import read_time_zone
from teams.api.problems import ApiError
from teams.api.query import refuse_value
from teams.api.streamed import streamed_file

CSV = Answer(body={"type": "string"}, media_type=CsvText.media_type, headers=("Content-Disposition",))
UNREAD = ("request_data", "response_data")


class _Ledger(Endpoint):
    """Something about the rows that a person may see."""

    renderer_classes = [JSONRenderer, CsvText]
    content_negotiation_class = InForm


class UsageList(_Ledger):
    """The rows of the ledger, of all executions."""

    query = (*PAGE, *NARROWING, FORMAT)
    answers = {"GET": (page(LedgerRowOutput), CSV)}

    def get(self, request: Request) -> Response | StreamingHttpResponse:
        """List them, newest first; as CSV all of them at once."""
        narrowed = read_narrowed(request, read_time_zone(request))
        rows = narrow(UsageLog.objects.for_user(person(request)), narrowed)
        rows = rows.select_related("payer", "started_by").defer(*UNREAD)
        if not wants_csv(request, pages=PAGE):
            return page_of(rows, request, LedgerRowOutput)
        cells = ([value(row) for value in ROW_COLUMNS.values()] for row in each_row(rows))
        pieces = csv_pieces(list(ROW_COLUMNS), cells)
        return streamed_file(request, pieces, media_type=CsvText.media_type, filename="usage.csv")


class UsageSummary(_Ledger):
    """What the rows of the ledger add up to."""

    query = (*NARROWING, GROUP_BY, FORMAT)
    answers = {"GET": (Answer(body=SUMMARY), CSV)}
    refuses = {"GET": (Refused(status=400, code="too_many_groups"),)}

    def get(self, request: Request) -> Response | StreamingHttpResponse:
        """Add them up by the keys of `group_by`, and all together."""
        zone, by = read_time_zone(request), read_group_by(request)
        narrowed, is_csv = read_narrowed(request, zone), wants_csv(request)
        rows = narrow(UsageLog.objects.for_user(person(request)), narrowed)
        try:
            summary = sum_up(rows, by=by, time_zone=zone)
        except TooManyGroups:
            message = f"That is more than {MAX_GROUPS} groups. Ask for a shorter period or fewer keys."
            raise ApiError(400, "too_many_groups", message) from None
        except UnknownTimeZone:
            refuse_value("time_zone", "PostgreSQL does not know that time zone.")
        if is_csv:
            pieces = csv_pieces(group_header(by), group_rows(summary))
            return streamed_file(request, pieces, media_type=CsvText.media_type, filename="usage-summary.csv")
        body = written_summary(summary, by=by, time_zone=zone.key, since=narrowed.since, until=narrowed.until)
        return Response(body)
