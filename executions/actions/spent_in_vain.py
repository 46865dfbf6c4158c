"""What was spent on attempts that came to nothing."""

from django.db.models import QuerySet

from billing.ledger import Tally
from billing.ledger.totals import tally_of_rows
from billing.models import UsageLog
from executions.engine.state import AgentRunStatus
from executions.models import AgentRun

IN_VAIN = (AgentRunStatus.FAILED, AgentRunStatus.STOPPED, AgentRunStatus.ABANDONED)


def rows_in_vain(rows: QuerySet[UsageLog]) -> QuerySet[UsageLog]:
    """Return those of the rows whose run failed, was stopped or given up; a run that was pruned is none."""
    runs = AgentRun.objects.filter(status__in=[status.value for status in IN_VAIN])
    return rows.filter(agent_run_id__in=runs.values("pk"))


def spent_in_vain(rows: QuerySet[UsageLog]) -> Tally:
    """Return what those rows add up to, in one query."""
    return tally_of_rows(rows_in_vain(rows))
