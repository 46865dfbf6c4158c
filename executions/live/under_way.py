"""Which runs of some executions are under way, and whether the executions are over."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Prefetch

from executions.agent_service import LiveSource
from executions.engine.state import EXECUTION_TERMINAL, AgentRunStatus
from executions.models import AgentRun, Execution
from executions.suna.wire import PROFILES

UNDER_WAY = (AgentRunStatus.RUNNING, AgentRunStatus.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUnderWay:
    """A run, by the id of our row, and how its live output can be had."""

    id: uuid.UUID
    step_id: str
    attempt: int
    turn: int
    source: LiveSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionUnderWay:
    """An execution as it stands."""

    status: str
    runs: tuple[RunUnderWay, ...]

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.status in EXECUTION_TERMINAL


def find_under_way(execution_ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, ExecutionUnderWay]:
    """Return how the executions stand, in two queries; those that are not there any more are left out."""
    runs = AgentRun.objects.filter(status__in=UNDER_WAY, suna_run_id__isnull=False)
    named = runs.select_related("step", "connection").only(
        "id", "execution_id", "attempt", "turn", "step__step_id", "connection__wire_profile"
    )
    rows = Execution.objects.filter(pk__in=execution_ids).only("id", "status")
    return {
        row.pk: ExecutionUnderWay(status=row.status, runs=tuple(_run(run) for run in row.agent_runs.all()))
        for row in rows.prefetch_related(Prefetch("agent_runs", named.order_by("id")))
    }


def source_of(wire_profile: str) -> LiveSource:
    """Return how a version of Suna tells what its agents do, if it does."""
    profile = PROFILES.get(wire_profile)
    return LiveSource.NONE if profile is None else profile.capabilities.live


def _run(run: AgentRun) -> RunUnderWay:
    return RunUnderWay(
        id=run.pk,
        step_id=run.step.step_id,
        attempt=run.attempt,
        turn=run.turn,
        source=source_of(run.connection.wire_profile),
    )
