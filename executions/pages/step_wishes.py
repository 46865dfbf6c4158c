"""What a person may decide about one step of an execution from its page."""

from collections.abc import Callable

from executions.actions.give_up_start import give_up_start
from executions.actions.start_step_again import start_step_again
from executions.models import Execution

STEP_WISHES: dict[str, Callable[..., Execution]] = {
    "start_again": start_step_again,
    "give_up_start": give_up_start,
}
