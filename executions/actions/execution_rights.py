"""Who may do what with an execution, and which verbs are legal as it stands: asked by every interface.

Each verb checks for itself, by a conditional UPDATE; what is listed here is what to offer.
"""

from collections.abc import Callable, Mapping

from executions.engine.state import EXECUTION_TERMINAL, ExecutionStatus
from executions.models import Execution
from teams.actions.refusal import Refusal
from teams.actions.rights import check_role, check_staff
from teams.models import User

CHANGE = "executions.change_execution"
ADD = "executions.add_execution"

RETRYABLE = frozenset({ExecutionStatus.FAILED, ExecutionStatus.PARTIAL, ExecutionStatus.CANCELLED})
SAME_AGAIN = "condition_undecidable"
"""The code of a failure without a failed step: with the same results it would be the same failure."""


class AlreadyOver(Refusal):
    """The execution has ended; there is nothing to do any more."""

    code = "already_over"


class Cancelling(Refusal):
    """The execution is being cancelled."""

    code = "cancelling"


class Quarantined(Refusal):
    """The execution was set aside after crashes; staff release it."""

    code = "quarantined"


class NotOver(Refusal):
    """The execution goes on: only what has ended is done again."""

    code = "not_over"


class NotThere(Refusal):
    """The execution was pruned in this very moment."""

    code = "not_found"
    status = 404


def lock_to_repeat(execution: Execution) -> tuple[str, str]:
    """Return the execution's status and code as they stand now, and keep it from being pruned meanwhile.

    Holds its row to the end of the transaction. Raises NotThere.
    """
    rows = Execution.objects.select_for_update(no_key=True).filter(pk=execution.pk)
    found = rows.values_list("status", "code").first()
    if found is None:
        raise NotThere("The execution is not there any more.")
    return found


def check_may_change(by: User, execution: Execution, *, as_staff: bool) -> None:
    """Raise NotAllowed for less than an operator; with `as_staff` the right to change executions counts."""
    if as_staff:
        check_staff(by, CHANGE)
    else:
        check_role(by, "operator", execution.team)


def check_may_repeat(by: User, execution: Execution, *, as_staff: bool) -> None:
    """Raise NotAllowed for less than an operator; with `as_staff` the right to add executions counts."""
    if as_staff:
        check_staff(by, ADD)
    else:
        check_role(by, "operator", execution.team)


def may_release(user: User) -> bool:
    """Whether the user is staff that may release what is quarantined, whosever it is."""
    return user.is_active and user.is_staff and user.has_perm(CHANGE)


def check_under_way(execution: Execution) -> None:
    """Raise AlreadyOver or Cancelling for an execution that takes no wishes any more."""
    if execution.status in EXECUTION_TERMINAL:
        raise AlreadyOver("The execution has ended already.")
    if execution.cancel_requested_at is not None:
        raise Cancelling("The execution is being cancelled.")


def is_pause_wanted(execution: Execution) -> bool:
    """Whether the last that was asked for, of a pause and a resume, is the pause."""
    asked, taken_back = execution.pause_requested_at, execution.resume_requested_at
    return asked is not None and (taken_back is None or asked > taken_back)


def list_verbs(execution: Execution, *, is_operator: bool, is_releaser: bool) -> tuple[str, ...]:
    """Return the verbs that are legal now, of the person's own, in the order in which to show them."""
    return tuple(
        verb
        for verb, is_legal in _LEGAL.items()
        if is_legal(execution) and (is_releaser if verb == "release" else is_operator)
    )


def _is_open(execution: Execution) -> bool:
    return execution.status not in EXECUTION_TERMINAL and execution.cancel_requested_at is None


def _is_free(execution: Execution) -> bool:
    return _is_open(execution) and execution.status != ExecutionStatus.QUARANTINED


def _can_retry(execution: Execution) -> bool:
    return execution.status in RETRYABLE and execution.code != SAME_AGAIN


_LEGAL: Mapping[str, Callable[[Execution], bool]] = {
    "release": lambda execution: (
        _is_open(execution) and execution.status == ExecutionStatus.QUARANTINED and is_pause_wanted(execution)
    ),
    "resume": lambda execution: _is_free(execution) and is_pause_wanted(execution),
    "pause": lambda execution: _is_free(execution) and not is_pause_wanted(execution),
    "cancel": _is_open,
    "retry": _can_retry,
    "run_again": lambda execution: execution.status in EXECUTION_TERMINAL,
}
VERBS = tuple(_LEGAL)
