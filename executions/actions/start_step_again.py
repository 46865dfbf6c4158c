"""Starting a step again whose start is in doubt: somebody has looked in Suna, or accepts a second run."""

from executions.actions.start_decision import decide_start
from executions.engine.state import StartDecision
from executions.models import Execution
from teams.actions.audit import audited
from teams.models import User


@audited("step_started_again", about="execution")
def start_step_again(*, execution: Execution, step_id: str, by: User, as_staff: bool = False) -> Execution:
    """Ask for another attempt, which counts in place of the one in doubt.

    Raises NotAllowed for less than an operator, AlreadyOver, Cancelling, StartNotInDoubt, StartDecided.
    """
    return decide_start(
        execution=execution,
        step_id=step_id,
        decision=StartDecision.AGAIN,
        kind="start_again_requested",
        by=by,
        as_staff=as_staff,
    )
