"""What becomes of a person's executions in a team when they may not run it any more (reliability 8.6).

Those that no driver has begun are cancelled, so that nobody spends the payer's money any more by what they
put into the queue. What has begun goes on: it is the team's work, and whoever runs the team can cancel it.
"""

from django.db.models.functions import Now

from executions.engine.state import ExecutionStatus
from executions.models import Execution
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from executions.orchestrator.wake import wake_drivers_on_commit
from teams.models import Team, User


def cancel_queued_of(user: User, *, team: Team, by: User) -> int:
    """Ask for each of the person's queued executions of the team to be cancelled; return how many there were.

    Call it in the transaction that takes the right away, after it was taken: a start under way holds the role
    until it is committed (`teams.actions.rights.hold_role`), and is found here then.
    """
    waiting = Execution.objects.filter(
        team=team, started_by=user, status=ExecutionStatus.QUEUED, cancel_requested_at=None
    )
    cancelled = 0
    # One order for everybody, so that two who lock the same rows wait instead of deadlocking.
    for execution_id in list(waiting.order_by("id").values_list("pk", flat=True)):
        asked = Execution.objects.unfinished().filter(pk=execution_id, cancel_requested_at=None)
        if asked.update(cancel_requested_at=Now()):
            event = Event(kind="cancel_requested", data={"because": "right_lost"}, actor=f"user:{by.pk}")
            append_events(execution_id, [event])
            wake_drivers_on_commit(execution_id)
            cancelled += 1
    return cancelled
