"""Starting a team: the execution is accepted and committed here, and carried by a driver."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from executions.models import Execution, ExecutionStep
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from executions.orchestrator.wake import wake_drivers_on_commit
from teams.actions.refusal import InvalidInput, Refusal, input_problem
from teams.actions.rights import check_role
from teams.actions.save_version import check_definition
from teams.models import SunaConnection, Team, User, WorkflowVersion
from teams.workflow.plan import Plan, plan_to_json

PROMPT_BYTES = 262_144
KEY_CHARS = 255


class TeamCannotRun(Refusal):
    """The team lacks what a run needs; the code says what."""

    code = "team_cannot_run"


class IdempotencyKeyReused(Refusal):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"
    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The execution, and whether this call made it."""

    execution: Execution
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runnable:
    """A team with all that a run needs."""

    team: Team
    version: WorkflowVersion
    connection: SunaConnection
    plan: Plan


def start_execution(*, team: Team, by: User, prompt: str, idempotency_key: str | None = None) -> Started:
    """Accept an execution of the team's published workflow for one prompt.

    The same `idempotency_key` of the same person makes one execution. Raises NotAllowed for less than an
    operator, TeamCannotRun, InvalidInput, IdempotencyKeyReused.
    """
    check_role(by, "operator", team)
    _check_prompt(prompt)
    _check_key(idempotency_key)
    sha256 = _request_sha256(team, prompt)
    if idempotency_key is not None:
        earlier = _find_earlier(by, idempotency_key, sha256)
        if earlier is not None:
            return Started(execution=earlier, created=False)
    runnable = _check_runnable(team)
    try:
        with transaction.atomic():
            execution = _insert(runnable, by, prompt, idempotency_key, sha256)
            wake_drivers_on_commit(execution.id)
    except IntegrityError as error:
        if idempotency_key is None or "execution_idempotency_key_once" not in str(error):
            raise
        # Somebody sent the same request at the same moment and was first.
        earlier = _find_earlier(by, idempotency_key, sha256)
        if earlier is None:
            raise
        return Started(execution=earlier, created=False)
    return Started(execution=execution, created=True)


def _check_prompt(prompt: str) -> None:
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


def _check_key(key: str | None) -> None:
    if key is not None and (not 1 <= len(key) <= KEY_CHARS or not key.isascii() or not key.isprintable()):
        message = f"An Idempotency-Key has 1 to {KEY_CHARS} printable ASCII characters."
        raise input_problem("/idempotency_key", "invalid_value", message)


def _request_sha256(team: Team, prompt: str) -> str:
    return hashlib.sha256(json.dumps([str(team.id), prompt]).encode()).hexdigest()


def _find_earlier(by: User, key: str, sha256: str) -> Execution | None:
    earlier = Execution.objects.filter(started_by=by, idempotency_key=key).first()
    if earlier is not None and earlier.request_sha256 != sha256:
        message = "This Idempotency-Key was used for another request. Use a new one for each execution."
        raise IdempotencyKeyReused(message)
    return earlier


def _check_runnable(team: Team) -> _Runnable:
    if not team.is_active:
        raise TeamCannotRun("The team is switched off. Its owner can switch it on.", code="team_inactive")
    if team.published_version is None:
        raise TeamCannotRun("The team has no workflow yet. Save one first.", code="no_workflow")
    if team.connection is None or not team.connection.wire_profile:
        message = "The team has no connection to a Suna that is ready. Choose one and test it."
        raise TeamCannotRun(message, code="no_connection")
    checked = check_definition(team.published_version.definition, team=team)
    if checked.plan is None:
        raise InvalidInput("The published workflow has problems.", problems=checked.problems)
    return _Runnable(team=team, version=team.published_version, connection=team.connection, plan=checked.plan)


def _insert(
    runnable: _Runnable, by: User, prompt: str, idempotency_key: str | None, sha256: str
) -> Execution:
    team, plan = runnable.team, runnable.plan
    payer_id = team.payer_id or team.owner_id
    execution = Execution.objects.create(
        team=team,
        workflow_version=runnable.version,
        connection=runnable.connection,
        plan=plan_to_json(plan),
        initial_prompt=prompt,
        started_by=by,
        payer_id=payer_id,
        key_owner_id=payer_id,
        idempotency_key=idempotency_key,
        request_sha256=sha256,
        deadline_at=Now() + timedelta(seconds=plan.deadline_s),
    )
    ExecutionStep.objects.bulk_create(
        ExecutionStep(
            execution=execution,
            position=position,
            step_id=step.id,
            agent_id=step.agent_id,
            role=(step.role or "")[:200],
        )
        for position, step in enumerate(plan.steps)
    )
    append_events(execution.id, [Event(kind="execution_queued", actor=f"user:{by.pk}")])
    execution.refresh_from_db()
    return execution
