"""What an execution left behind: its timeline and its rows in the ledger."""

import uuid

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.figures import figures_of
from billing.ledger import rows_of_execution, totals_of_execution
from executions.api.execution_output import EventOutput, UsageOutput
from executions.api.executions_seen import find_execution
from executions.api.whole_output import EventsOutput, TotalsBeside
from executions.models import Execution, ExecutionEvent
from teams.api.authentication import person
from teams.api.declared import Answer, Parameter, page
from teams.api.endpoint import PAGE, Endpoint, page_of
from teams.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from teams.api.query import read_text, read_whole

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
        Parameter("kind", {"type": "string", "maxLength": 50}, "Only events of that kind."),
        Parameter("step", {"type": "string", "maxLength": 128}, "Only events of that step."),
    )
    answers = {"GET": Answer(body=EventsOutput)}

    def get(self, request: Request, execution_id: uuid.UUID) -> Response:
        """Show the events that come after number `after`; ask again with `last_seq` to follow.

        `kind` and `step` narrow them; `last_seq` then counts those in between that were left out.
        """
        execution = find_execution(person(request), execution_id)
        after = read_whole(request, "after", low=0, high=MAX_SEQ) or 0
        limit = read_whole(request, "limit", low=1, high=MAX_LIMIT) or DEFAULT_LIMIT
        events = list(_narrowed(execution, request).filter(seq__gt=after).order_by("seq")[:limit])
        last_seq = events[-1].seq if events else after
        if len(events) < limit:
            # Up to the number that was read before the events, there are no others of these.
            last_seq = max(last_seq, execution.event_seq)
        return Response({"last_seq": last_seq, "results": EventOutput(events, many=True).data})


def _narrowed(execution: Execution, request: Request) -> QuerySet[ExecutionEvent]:
    given = {
        "kind": read_text(request, "kind", max_chars=50),
        "step_id": read_text(request, "step", max_chars=128),
    }
    wanted = {column: value for column, value in given.items() if value is not None}
    return execution.events.filter(**wanted)


class ExecutionUsage(Endpoint):
    """The ledger's rows of one execution."""

    query = PAGE
    answers = {"GET": page(UsageOutput, beside=TotalsBeside)}

    def get(self, request: Request, execution_id: uuid.UUID) -> Response:
        """List them, newest first, beside the totals of all of them."""
        execution = find_execution(person(request), execution_id)
        totals = totals_of_execution(execution.pk)
        by_step = {step_id: figures_of(tally) for step_id, tally in totals.by_step.items()}
        by_agent = {agent_id: figures_of(tally) for agent_id, tally in totals.by_agent.items()}
        return page_of(
            rows_of_execution(execution.pk),
            request,
            UsageOutput,
            totals={**figures_of(totals.overall), "by_step": by_step, "by_agent": by_agent},
            usage_complete=execution.usage_complete,
        )
