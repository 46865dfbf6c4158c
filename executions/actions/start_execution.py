"""Starting a team: the execution is accepted and committed here, and carried by a driver."""

from collections.abc import Sequence

from executions.actions.accept_execution import (
    Draft,
    Started,
    TeamCannotRun,
    accept_once,
    check_team_can_run,
)
from executions.actions.execution_rights import ADD
from executions.actions.labels import clean_labels
from teams.actions.refusal import InvalidInput, input_problem
from teams.actions.rights import check_role, check_staff
from teams.actions.run_warnings import run_warnings_in
from teams.actions.save_version import check_definition
from teams.models import Team, User

PROMPT_BYTES = 262_144


def start_execution(
    *,
    team: Team,
    by: User,
    prompt: str,
    labels: Sequence[str] = (),
    idempotency_key: str | None = None,
    as_staff: bool = False,
) -> Started:
    """Accept an execution of the team's published workflow for one prompt.

    The same `idempotency_key` of the same person makes one execution. Raises NotAllowed for less than an
    operator, TeamCannotRun, InvalidInput, IdempotencyKeyReused, TooManyQueued. With `as_staff`, the right to
    add executions counts instead of the role.
    """
    if as_staff:
        check_staff(by, ADD)
    else:
        check_role(by, "operator", team)
    check_prompt(prompt)
    kept = clean_labels(labels)
    return accept_once(
        by=by,
        idempotency_key=idempotency_key,
        # Without labels it is what it was before there were any.
        request=(str(team.id), prompt, *kept),
        draft=lambda: _draft(team, prompt, kept),
        as_staff=as_staff,
    )


def check_prompt(prompt: str) -> None:
    """Raise InvalidInput for a prompt that no execution is started with."""
    if not prompt.strip():
        raise input_problem("/prompt", "required", "Say what the team should do.")
    try:
        size = len(prompt.encode())
    except UnicodeEncodeError:
        raise input_problem("/prompt", "surrogate", "The prompt holds a broken character.") from None
    if size > PROMPT_BYTES:
        raise input_problem("/prompt", "too_large", f"A prompt has at most {PROMPT_BYTES} bytes.")
    if "\x00" in prompt:
        raise input_problem("/prompt", "nul_character", "The prompt holds the character NUL. Remove it.")


def _draft(team: Team, prompt: str, labels: tuple[str, ...]) -> Draft:
    if team.published_version is None:
        raise TeamCannotRun("The team has no workflow yet. Save one first.", code="no_workflow")
    connection = check_team_can_run(team)
    checked = check_definition(team.published_version.definition, team=team)
    if checked.plan is None:
        raise InvalidInput("The published workflow has problems.", problems=checked.problems)
    return Draft(
        team=team,
        version=team.published_version,
        connection=connection,
        plan=checked.plan,
        prompt=prompt,
        labels=labels,
        warnings=run_warnings_in(checked.warnings),
    )
