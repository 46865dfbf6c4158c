"""The rows of the ledger across executions, as JSON and as CSV. Their sums are told by executions/api.

A person sees what they pay for, and what the teams cost in which they have a role.
"""

from django.http import StreamingHttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.usage_output import ROW_COLUMNS, LedgerRowOutput
from billing.api.usage_query import FORMAT, NARROWING, read_narrowed, wants_csv
from billing.ledger import each_row, narrow
from billing.models import UsageLog
from teams.actions.audit import record
from teams.api.answer_forms import CsvText, InForm
from teams.api.authentication import person
from teams.api.csv_text import csv_pieces
from teams.api.declared import Answer, page
from teams.api.endpoint import PAGE, Endpoint, page_of
from teams.api.periods import read_time_zone
from teams.api.streamed import streamed_file

CSV = Answer(body={"type": "string"}, media_type=CsvText.media_type, headers=("Content-Disposition",))
UNREAD = ("request_data", "response_data")


class Ledger(Endpoint):
    """Something about the rows that a person may see."""

    renderer_classes = [JSONRenderer, CsvText]
    content_negotiation_class = InForm


class UsageList(Ledger):
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
        record("usage_exported", by=person(request))
        cells = ([value(row) for value in ROW_COLUMNS.values()] for row in each_row(rows))
        pieces = csv_pieces(list(ROW_COLUMNS), cells)
        return streamed_file(request, pieces, media_type=CsvText.media_type, filename="usage.csv")
