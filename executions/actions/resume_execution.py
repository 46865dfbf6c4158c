"""Resuming a paused execution: also one that waits for a look after a restore."""

from executions.actions.execution_rights import (
    Quarantined,
    check_may_change,
    check_under_way,
)
from executions.actions.pause_wish import ask_to_go_on
from executions.engine.state import ExecutionStatus
from executions.models import Execution
from executions.models.pause_wanted import PAUSE_WANTED
from teams.actions.audit import audited
from teams.actions.refusal import Refusal
from teams.models import User


class NotPaused(Refusal):
    """The execution is not paused."""

    code = "not_paused"


@audited("execution_resumed", about="execution")
def resume_execution(*, execution: Execution, by: User, as_staff: bool = False) -> Execution:
    """Ask for a paused execution to go on; asking again before it does changes nothing.

    Raises NotAllowed for less than an operator, AlreadyOver, Cancelling, NotPaused, and Quarantined, because
    what crashes drivers is released by staff. With `as_staff`, the right to change executions counts instead
    of the role.
    """
    check_may_change(by, execution, as_staff=as_staff)
    rows = Execution.objects.exclude(status=ExecutionStatus.QUARANTINED).filter(PAUSE_WANTED)
    asked = ask_to_go_on(rows, execution.pk, by=by, kind="resume_requested")
    execution.refresh_from_db()
    if not asked:
        check_under_way(execution)
        if execution.status == ExecutionStatus.QUARANTINED:
            raise Quarantined("The execution is set aside after crashes. Staff can release it.")
        if execution.status != ExecutionStatus.PAUSED:
            raise NotPaused("The execution is not paused.")
    return execution
