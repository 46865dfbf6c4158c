"""Accepting an execution, whoever asks and why: committed once with its steps and its first events.

What all verbs that make an execution share; each of them has its own file with its rights and refusals.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from psycopg.errors import LockNotAvailable

from executions.actions.queue_limit import check_queue_limit
from executions.engine.state import StepStatus
from executions.models import Execution, ExecutionStep
from executions.orchestrator.append import append_changes
from executions.orchestrator.changes import Changes, ContextWrite, Event, Snapshot
from executions.orchestrator.wake import wake_drivers_on_commit
from teams.actions.refusal import Refusal, input_problem
from teams.actions.rights import hold_role
from teams.models import SunaConnection, Team, User, WorkflowVersion
from teams.workflow.plan import Plan, PlanStep, plan_to_json
from teams.workflow.problems import Problem

KEY_CHARS = 255
PATIENCE_MS = 1000
"""So long an equal request waits for the first one; most are through in a hundredth of it."""
# The foreign key takes the same lock, but at the commit only. It waits for a hand-over, not for edits.
_HOLD_TEAM = "SELECT owner_id, payer_id, is_active FROM teams_team WHERE id = %s FOR KEY SHARE"
_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended('renum:idempotency:' || %s, 0))"
_OTHERS_TURN = "SELECT pg_advisory_xact_lock_shared(hashtextextended('renum:idempotency:' || %s, 0))"
_IN_PROGRESS = "The same request is being carried out. Send it again in a moment."
# Django's own name of the constraint; PostgreSQL checks it when the transaction is committed.
_TEAM_IS_GONE = re.compile(r"renum_team_executions_team_id_\w+_fk_teams_team")
_CONNECTION_IS_GONE = re.compile(r"renum_team_execution_connection_id_\w+_fk_teams_sun")


class TeamCannotRun(Refusal):
    """The team lacks what a run needs; the code says what."""

    code = "team_cannot_run"


class TeamGone(Refusal):
    """The team was deleted in this very moment."""

    code = "not_found"
    status = 404


class IdempotencyKeyReused(Refusal):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"
    status = 422


class RequestInProgress(Refusal):
    """A request with the same Idempotency-Key is being carried out; its end is known in a moment."""

    code = "request_in_progress"
    retry_after_s = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The execution, and whether this call made it.

    `warnings` is what there is to say of a new one that its team's page would have said before.
    """

    execution: Execution
    created: bool
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An execution that may be accepted.

    `repeats` is the execution that this one is made from. `kept` are finished steps of it by step id, whose
    results stand from the beginning; `context` is what the shared context then holds, in the order written.
    `warnings` is what there is to say to whoever asked.
    """

    team: Team
    version: WorkflowVersion
    connection: SunaConnection
    plan: Plan
    prompt: str
    repeats: Execution | None = None
    kept: Mapping[str, ExecutionStep] = field(default_factory=dict)
    context: Sequence[ContextWrite] = ()
    labels: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()


def accept_once(
    *,
    by: User,
    idempotency_key: str | None,
    request: Sequence[str],
    draft: Callable[[], Draft],
    as_staff: bool = False,
) -> Started:
    """Accept what `draft` returns, or return the execution that the same key of the same person made.

    `request` is what must be the same under the same key. `draft` is called inside the transaction and may
    refuse; what is refused uses no key up. A key counts for as long as the site says, from when the execution
    was accepted. But for staff, the person must still be an operator of the team: whoever takes that away
    meanwhile finds this execution, or this finds that it was taken away. So it is with a hand-over of the
    team: nothing is billed to whoever owned it before. Raises NotAllowed, InvalidInput, IdempotencyKeyReused,
    RequestInProgress, TooManyQueued, TeamCannotRun, TeamGone, and what `draft` raises.
    """
    check_key(idempotency_key)
    sha256 = hashlib.sha256(json.dumps(list(request)).encode()).hexdigest()
    if idempotency_key is not None:
        earlier = _find_earlier(by, idempotency_key, sha256)
        if earlier is not None:
            return Started(execution=earlier, created=False)
    try:
        with transaction.atomic():
            if idempotency_key is not None:
                earlier = _take_turn(by, idempotency_key, sha256)
                if earlier is not None:
                    return Started(execution=earlier, created=False)
                _free_expired(by, idempotency_key)
            # First what is cheap: under overload most requests end here.
            check_queue_limit(by)
            wanted = draft()
            _hold_team(wanted.team)
            if not as_staff:
                hold_role(by, "operator", wanted.team)
            execution = _insert(wanted, by=by, idempotency_key=idempotency_key, sha256=sha256)
            wake_drivers_on_commit(execution.id)
    except IntegrityError as error:
        if _TEAM_IS_GONE.search(str(error)):
            raise TeamGone("The team was deleted in this very moment.") from None
        if _CONNECTION_IS_GONE.search(str(error)):
            message = "The team got another connection in this very moment. Start it again."
            raise TeamCannotRun(message, code="no_connection") from None
        if idempotency_key is None or "execution_idempotency_key_once" not in str(error):
            raise
        # A process of an older version, which takes no turns, was first with the same request.
        earlier = _find_earlier(by, idempotency_key, sha256)
        if earlier is None:
            raise
        return Started(execution=earlier, created=False)
    return Started(execution=execution, created=True, warnings=wanted.warnings)


def check_team_can_run(team: Team) -> SunaConnection:
    """Return the team's connection as it is now. Raises TeamCannotRun."""
    if not team.is_active:
        raise TeamCannotRun("The team is switched off. Its owner can switch it on.", code="team_inactive")
    if team.connection is None or not team.connection.wire_profile:
        message = "The team has no connection to a Suna that is ready. Choose one and test it."
        raise TeamCannotRun(message, code="no_connection")
    return team.connection


def _hold_team(team: Team) -> None:
    """Keep the team from being handed over to the end of the transaction.

    Taken before the member's role, as whoever hands over takes them. Raises TeamGone, and TeamCannotRun where
    the team is off by now or another would pay than the draft says.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_TEAM, [team.pk])
        found = cursor.fetchone()
    if found is None:
        raise TeamGone("The team was deleted in this very moment.")
    owner_id, payer_id, is_active = found
    if not is_active:
        raise TeamCannotRun("The team is switched off. Its owner can switch it on.", code="team_inactive")
    if (owner_id, payer_id) != (team.owner_id, team.payer_id):
        message = "The team got another owner in this very moment. Look at it, then start it again."
        raise TeamCannotRun(message, code="team_handed_over")


def check_key(key: str | None) -> None:
    """Raise InvalidInput for an Idempotency-Key that is none; None is no key."""
    if key is not None and (not 1 <= len(key) <= KEY_CHARS or not key.isascii() or not key.isprintable()):
        message = f"An Idempotency-Key has 1 to {KEY_CHARS} printable ASCII characters."
        raise input_problem("/idempotency_key", "invalid_value", message)


def _take_turn(by: User, key: str, sha256: str) -> Execution | None:
    """Keep others from the same key until the transaction ends, or return what the one made who was first.

    Raises RequestInProgress where that takes its time, or came to nothing.
    """
    turn = [f"{by.pk}:{key}"]
    with connection.cursor() as cursor:
        cursor.execute(_TURN, turn)
        if cursor.fetchone()[0]:
            return _find_earlier(by, key, sha256)
        try:
            cursor.execute(f"SET LOCAL lock_timeout = {PATIENCE_MS}")
            # Shared: all who wait go on together when the first is through.
            cursor.execute(_OTHERS_TURN, turn)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            raise RequestInProgress(_IN_PROGRESS) from None
    earlier = _find_earlier(by, key, sha256)
    if earlier is None:
        raise RequestInProgress(_IN_PROGRESS)
    return earlier


def _find_earlier(by: User, key: str, sha256: str) -> Execution | None:
    under_key = Execution.objects.filter(started_by=by, idempotency_key=key)
    earlier = under_key.filter(created_at__gt=_no_longer_counts()).first()
    if earlier is not None and earlier.request_sha256 != sha256:
        message = "This Idempotency-Key was used for another request. Use a new one for each execution."
        raise IdempotencyKeyReused(message)
    return earlier


def _free_expired(by: User, key: str) -> None:
    """Take the key from the execution that had it too long ago, so that the next one can have it."""
    under_key = Execution.objects.filter(started_by=by, idempotency_key=key)
    under_key.filter(created_at__lte=_no_longer_counts()).update(idempotency_key=None)


def _no_longer_counts() -> CombinedExpression:
    return Now() - timedelta(hours=settings.API.idempotency_hours)


def _insert(draft: Draft, *, by: User, idempotency_key: str | None, sha256: str) -> Execution:
    team, plan = draft.team, draft.plan
    payer_id = team.payer_id or team.owner_id
    execution = Execution.objects.create(
        team=team,
        workflow_version=draft.version,
        connection=draft.connection,
        plan=plan_to_json(plan),
        initial_prompt=draft.prompt,
        started_by=by,
        payer_id=payer_id,
        key_owner_id=payer_id,
        idempotency_key=idempotency_key,
        request_sha256=sha256,
        deadline_at=Now() + timedelta(seconds=plan.deadline_s),
        retried_from=draft.repeats,
        labels=list(draft.labels),
    )
    ExecutionStep.objects.bulk_create(
        _step_row(execution, position, step, draft.kept.get(step.id))
        for position, step in enumerate(plan.steps)
    )
    append_changes(_first_changes(execution, draft, by))
    execution.refresh_from_db()
    return execution


def _step_row(
    execution: Execution, position: int, step: PlanStep, kept: ExecutionStep | None
) -> ExecutionStep:
    row = ExecutionStep(
        execution=execution,
        position=position,
        step_id=step.id,
        agent_id=step.agent_id,
        role=(step.role or "")[:200],
    )
    if kept is not None:
        # No attempt of this execution made it: none is counted, and nothing of it is billed here.
        row.status = StepStatus.COMPLETED
        row.conditions = kept.conditions
        row.input, row.input_cuts = kept.input, kept.input_cuts
        row.result_text, row.result_data = kept.result_text, kept.result_data
        row.finished_at = Now()
        # Where the result was made, however often it was handed on since.
        row.reused_from_id = kept.reused_from_id or kept.pk
    return row


def _first_changes(execution: Execution, draft: Draft, by: User) -> Changes:
    actor = f"user:{by.pk}"
    repeats = {} if draft.repeats is None else {"repeats": str(draft.repeats.pk)}
    events = [Event(kind="execution_queued", data=repeats, actor=actor)]
    for step in draft.plan.steps:
        kept = draft.kept.get(step.id)
        if kept is not None:
            data = {"execution": str(kept.execution_id), "step": str(kept.pk)}
            events.append(Event(kind="step_reused", step_id=step.id, data=data, actor=actor))
    changes = Changes(execution_id=execution.pk, events=events, context=list(draft.context))
    if draft.context:
        values = {write.key: write.value for write in draft.context}
        changes.snapshot = Snapshot(base_version=0, values=values)
    return changes
