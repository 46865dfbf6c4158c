"""Releasing an execution that was quarantined after crashes: staff have looked, and let it go on."""

from executions.actions.execution_rights import CHANGE, check_under_way
from executions.actions.pause_wish import ask_to_go_on
from executions.engine.state import ExecutionStatus
from executions.models import Execution
from executions.models.pause_wanted import PAUSE_WANTED
from teams.actions.audit import audited
from teams.actions.refusal import Refusal
from teams.actions.rights import check_staff
from teams.models import User


class NotQuarantined(Refusal):
    """The execution is not quarantined."""

    code = "not_quarantined"


@audited("execution_released", about="execution")
def release_execution(*, execution: Execution, by: User) -> Execution:
    """Ask for a quarantined execution to go on; asking again before it does changes nothing.

    Raises NotAllowed for whoever is no staff with the right to change executions, AlreadyOver, Cancelling,
    NotQuarantined.
    """
    check_staff(by, CHANGE)
    rows = Execution.objects.filter(PAUSE_WANTED, status=ExecutionStatus.QUARANTINED)
    asked = ask_to_go_on(rows, execution.pk, by=by, kind="release_requested")
    execution.refresh_from_db()
    if not asked:
        check_under_way(execution)
        if execution.status != ExecutionStatus.QUARANTINED:
            raise NotQuarantined("The execution is not quarantined.")
    return execution
