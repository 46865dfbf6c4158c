"""Giving up a step's start that is in doubt: its attempt fails, and no other follows by itself."""

from executions.actions.start_decision import decide_start
from executions.engine.state import StartDecision
from executions.models import Execution
from teams.actions.audit import audited
from teams.models import User


@audited("start_given_up", about="execution")
def give_up_start(*, execution: Execution, step_id: str, by: User, as_staff: bool = False) -> Execution:
    """Ask for the attempt to fail with the code `run_vanished`.

    Raises NotAllowed for less than an operator, AlreadyOver, Cancelling, StartNotInDoubt, StartDecided.
    """
    return decide_start(
        execution=execution,
        step_id=step_id,
        decision=StartDecision.GIVE_UP,
        kind="start_give_up_requested",
        by=by,
        as_staff=as_staff,
    )
