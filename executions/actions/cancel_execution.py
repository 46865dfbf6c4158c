"""Cancelling an execution: the wish is written down, and the driver stops every run."""

from django.db import transaction
from django.db.models.functions import Now

from executions.actions.execution_rights import AlreadyOver, check_may_change
from executions.models import Execution
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from executions.orchestrator.wake import wake_drivers_on_commit
from teams.actions.audit import audited
from teams.models import User


@audited("execution_cancelled", about="execution")
def cancel_execution(*, execution: Execution, by: User, as_staff: bool = False) -> Execution:
    """Ask for an execution to be cancelled; asking again changes nothing.

    Raises NotAllowed for less than an operator and AlreadyOver. With `as_staff`, the right to change
    executions counts instead of the role.
    """
    check_may_change(by, execution, as_staff=as_staff)
    with transaction.atomic():
        asked = (
            Execution.objects.unfinished()
            .filter(pk=execution.pk, cancel_requested_at=None)
            .update(cancel_requested_at=Now())
        )
        if asked:
            append_events(execution.pk, [Event(kind="cancel_requested", actor=f"user:{by.pk}")])
            wake_drivers_on_commit(execution.pk)
    execution.refresh_from_db()
    if not asked and execution.finished_at is not None:
        raise AlreadyOver("The execution has ended already.")
    return execution
