"""Monthly statements: each payer sees their own."""

import uuid

from django.http import Http404, StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.statement_output import LINE_COLUMNS, StatementOutput, WholeStatementOutput
from billing.api.usage_endpoints import CSV, Ledger
from billing.api.usage_query import FORMAT, wants_csv
from billing.ledger.statements import lines_of
from billing.models import Statement
from teams.api.answer_forms import CsvText
from teams.api.authentication import person
from teams.api.csv_text import csv_pieces
from teams.api.declared import Answer, page
from teams.api.endpoint import PAGE, Endpoint, page_of
from teams.api.streamed import streamed_file


class StatementList(Endpoint):
    """The statements of the person who asks."""

    query = PAGE
    answers = {"GET": page(StatementOutput)}

    def get(self, request: Request) -> Response:
        """List them, the newest first."""
        rows = Statement.objects.for_user(person(request)).select_related("payer")
        return page_of(rows, request, StatementOutput)


class OneStatement(Ledger):
    """One statement with its lines."""

    query = (FORMAT,)
    answers = {"GET": (Answer(body=WholeStatementOutput), CSV)}

    def get(self, request: Request, statement_id: uuid.UUID) -> Response | StreamingHttpResponse:
        """Answer with its figures; as CSV with its lines alone."""
        is_csv = wants_csv(request)
        rows = Statement.objects.for_user(person(request)).select_related("payer")
        statement = rows.filter(pk=statement_id).first()
        if statement is None:
            raise Http404
        lines = lines_of(statement)
        if not is_csv:
            statement.stated_lines = lines  # type: ignore[attr-defined]  # what the serializer reads
            return Response(WholeStatementOutput(statement).data)
        cells = ([value(line) for value in LINE_COLUMNS.values()] for line in lines)
        name = f"statement-{statement.month:%Y-%m}.csv"
        return streamed_file(
            request, csv_pieces(list(LINE_COLUMNS), cells), media_type=CsvText.media_type, filename=name
        )
