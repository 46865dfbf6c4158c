"""What the rows of the ledger add up to, as JSON and as CSV, and what of it was spent in vain.

It stands here and not beside the rows: which attempts came to nothing is known to executions alone.
"""

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.usage_endpoints import CSV, Ledger
from billing.api.usage_output import SUMMARY, group_header, group_rows, written_summary
from billing.api.usage_query import FORMAT, GROUP_BY, NARROWING, read_group_by, read_narrowed, wants_csv
from billing.ledger import TooManyGroups, UnknownTimeZone, narrow, sum_up
from billing.ledger.summary import MAX_GROUPS
from billing.models import UsageLog
from executions.actions.spent_in_vain import spent_in_vain
from teams.actions.audit import record
from teams.api.answer_forms import CsvText
from teams.api.authentication import person
from teams.api.csv_text import csv_pieces
from teams.api.declared import Answer, Refused
from teams.api.periods import read_time_zone
from teams.api.problems import ApiError
from teams.api.query import refuse_value
from teams.api.streamed import streamed_file


class UsageSummary(Ledger):
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
            record("usage_exported", by=person(request))
            pieces = csv_pieces(group_header(by), group_rows(summary))
            return streamed_file(request, pieces, media_type=CsvText.media_type, filename="usage-summary.csv")
        body = written_summary(
            summary,
            in_vain=spent_in_vain(rows),
            by=by,
            time_zone=zone.key,
            since=narrowed.since,
            until=narrowed.until,
        )
        return Response(body)
