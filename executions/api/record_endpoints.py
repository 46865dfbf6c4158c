"""What an execution left behind: its timeline and its rows in the ledger."""

import uuid

from rest_framework.request import Request
from rest_framework.response import Response

from billing.ledger import rows_of_execution, totals_of_execution
from executions.api.execution_output import EventOutput, UsageOutput
from executions.api.executions_seen import find_execution
from executions.api.figures import figures_of
from executions.api.whole_output import EventsOutput, TotalsBeside
from teams.api.authentication import person
from teams.api.declared import Answer, Parameter, page
from teams.api.endpoint import PAGE, Endpoint, page_of
from teams.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from teams.api.query import read_whole

MAX_SEQ = 2**31 - 1


class ExecutionEvents(Endpoint):
    """The timeline of one execution, oldest first."""

    query = (
        Parameter(
            "after",
            {"type": "integer", "minimum": 0, "maximum": MAX_SEQ, "default": 0},
            "Only events that come after this number.",
        ),
        PAGE[1],
    )
    answers = {"GET": Answer(body=EventsOutput)}

    def get(self, request: Request, execution_id: uuid.UUID) -> Response:
        """Show the events that come after number `after`; ask again with `last_seq` to follow."""
        execution = find_execution(person(request), execution_id)
        after = read_whole(request, "after", low=0, high=MAX_SEQ) or 0
        limit = read_whole(request, "limit", low=1, high=MAX_LIMIT) or DEFAULT_LIMIT
        events = list(execution.events.filter(seq__gt=after).order_by("seq")[:limit])
        last_seq = events[-1].seq if events else after
        return Response({"last_seq": last_seq, "results": EventOutput(events, many=True).data})


class ExecutionUsage(Endpoint):
    """The ledger's rows of one execution."""

    query = PAGE
    answers = {"GET": page(UsageOutput, beside=TotalsBeside)}

    def get(self, request: Request, execution_id: uuid.UUID) -> Response:
        """List them, newest first, beside the totals of all of them."""
        execution = find_execution(person(request), execution_id)
        totals = totals_of_execution(execution.pk)
        by_step = {step_id: figures_of(tally) for step_id, tally in totals.by_step.items()}
        return page_of(
            rows_of_execution(execution.pk),
            request,
            UsageOutput,
            totals={**figures_of(totals.overall), "by_step": by_step},
            usage_complete=execution.usage_complete,
        )
