"""Pausing an execution: nothing new is started, what runs goes on to its end, and the clock goes on too."""

from django.db import transaction

from executions.actions.execution_rights import Quarantined, check_may_change, check_under_way
from executions.actions.pause_wish import ask_to_pause
from executions.actions.queue_limit import check_paused_limit
from executions.engine.state import ExecutionStatus
from executions.models import Execution
from executions.models.pause_wanted import PAUSE_WANTED
from teams.actions.audit import audited
from teams.models import User


@audited("execution_paused", about="execution")
def pause_execution(*, execution: Execution, by: User, as_staff: bool = False) -> Execution:
    """Ask for an execution to be paused; asking again changes nothing.

    Raises NotAllowed for less than an operator, AlreadyOver, Cancelling, Quarantined, TooManyPaused. With
    `as_staff`, the right to change executions counts instead of the role.
    """
    check_may_change(by, execution, as_staff=as_staff)
    rows = Execution.objects.exclude(status=ExecutionStatus.QUARANTINED).exclude(PAUSE_WANTED)
    with transaction.atomic():
        check_paused_limit(execution)
        asked = ask_to_pause(rows, execution.pk, by=by)
    execution.refresh_from_db()
    if not asked:
        check_under_way(execution)
        if execution.status == ExecutionStatus.QUARANTINED:
            raise Quarantined("The execution is set aside after crashes. Nothing of it is started.")
    return execution
