"""Running an execution again as a whole: the same version for the same prompt, and nothing is reused.

It points to the execution that it repeats by `retried_from`, as a retry does: one column says what an
execution was made from, and whether anything of it stands is said by each step (`reused_from`).
"""

from executions.actions.accept_execution import Draft, Started, accept_once, check_team_can_run
from executions.actions.execution_rights import NotOver, check_may_repeat, lock_to_repeat
from executions.engine.state import EXECUTION_TERMINAL
from executions.models import Execution
from teams.actions.audit import audited
from teams.actions.refusal import InvalidInput
from teams.actions.run_warnings import run_warnings_in
from teams.actions.save_version import check_definition
from teams.models import User


@audited("execution_run_again", about="execution")
def run_again_execution(
    *, execution: Execution, by: User, idempotency_key: str | None = None, as_staff: bool = False
) -> Started:
    """Accept a new execution of the same version for the same prompt, on the team's connection as it is now.

    The same `idempotency_key` of the same person makes one execution. Raises NotAllowed for less than an
    operator, NotOver, TeamCannotRun, InvalidInput, IdempotencyKeyReused, TooManyQueued. With `as_staff`, the
    right to add executions counts instead of the role.
    """
    check_may_repeat(by, execution, as_staff=as_staff)
    return accept_once(
        by=by,
        idempotency_key=idempotency_key,
        request=("run_again", str(execution.pk)),
        draft=lambda: _draft(execution),
        as_staff=as_staff,
    )


def _draft(old: Execution) -> Draft:
    if lock_to_repeat(old)[0] not in EXECUTION_TERMINAL:
        raise NotOver("The execution has not ended yet.")
    connection = check_team_can_run(old.team)
    # Compiled anew and not copied: what was saved is the definition, whatever plans look like by now.
    checked = check_definition(old.workflow_version.definition, team=old.team)
    if checked.plan is None:
        raise InvalidInput("The workflow of that execution has problems by now.", problems=checked.problems)
    return Draft(
        team=old.team,
        version=old.workflow_version,
        connection=connection,
        plan=checked.plan,
        prompt=old.initial_prompt,
        repeats=old,
        labels=tuple(old.labels),
        warnings=run_warnings_in(checked.warnings),
    )
