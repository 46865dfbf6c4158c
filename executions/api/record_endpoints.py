"""What an execution left behind: its rows in the ledger."""

import uuid

from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.figures import figures_of
from billing.ledger import rows_of_execution, totals_of_execution
from executions.actions.expected_cost import find_expected_cost
from executions.api.execution_output import UsageOutput
from executions.api.executions_seen import find_execution
from executions.api.plan_output import written_usual
from executions.api.whole_output import TotalsBeside
from teams.api.authentication import person
from teams.api.declared import page
from teams.api.endpoint import PAGE, Endpoint, page_of


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
            expected_cost_usd=written_usual(find_expected_cost(execution)),
        )
