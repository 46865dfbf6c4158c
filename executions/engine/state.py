"""The state of one execution as the engine sees it: frozen values, rebuilt from rows by the orchestrator.

Statuses are closed (workflow language, section 8). Reasons are data, a code and its parameters, so that
every interface can put them into the reader's own words.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from teams.workflow.plan import Json


class ExecutionStatus(StrEnum):
    """Where an execution stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    QUARANTINED = "quarantined"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepStatus(StrEnum):
    """Where a step stands. `ready` is judged and may start, but waits; its reason says for what."""

    PENDING = "pending"
    READY = "ready"
    STARTING = "starting"
    START_UNCERTAIN = "start_uncertain"
    RUNNING = "running"
    RETRYING = "retrying"
    WAITING_INPUT = "waiting_input"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class AgentRunStatus(StrEnum):
    """Where one run of an agent stands; `created` means that its thread is committed and nothing started."""

    CREATED = "created"
    STARTING = "starting"
    RUNNING = "running"
    UNKNOWN = "unknown"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"
    ABANDONED = "abandoned"


class StartDecision(StrEnum):
    """What a person decides of a start of which nobody can find out whether it made a run."""

    AGAIN = "again"
    GIVE_UP = "give_up"


EXECUTION_TERMINAL = frozenset(
    {
        ExecutionStatus.COMPLETED,
        ExecutionStatus.PARTIAL,
        ExecutionStatus.FAILED,
        ExecutionStatus.CANCELLED,
    }
)
STEP_TERMINAL = frozenset({StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELLED})
STEP_ACTIVE = frozenset(
    {
        StepStatus.STARTING,
        StepStatus.START_UNCERTAIN,
        StepStatus.RUNNING,
        StepStatus.WAITING_INPUT,
    }
)
"""Statuses in which an attempt is under way and holds a slot of `max_parallel`."""

AGENT_RUN_TERMINAL = frozenset(
    {
        AgentRunStatus.COMPLETED,
        AgentRunStatus.FAILED,
        AgentRunStatus.STOPPED,
        AgentRunStatus.ABANDONED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a step stands where it stands: a stable code and what a sentence about it needs."""

    code: str
    params: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """One step. `attempts` counts those begun, the one under way included; it is the next one's number - 1.

    `abandoned` counts attempts whose start never made a run (they use no part of the retry policy).
    `retry_at` is set while the step is retrying, and while it waits because several starts made no run.
    `turn` counts the runs of one attempt: a further one goes on with the answer to a question of the last.
    Where it is more than 1 and the step is ready, its next start belongs to the attempt under way.
    `input_until` is when the time of the question is up that the step waits with.
    `undecidable` is true where the step was skipped because its conditions could not be decided. `text` and
    `data` are the last attempt's result; text is kept for an attempt that failed with `bad_output`.
    """

    step_id: str
    status: StepStatus = StepStatus.PENDING
    reason: Reason | None = None
    attempts: int = 0
    abandoned: int = 0
    turn: int = 1
    input_until: dt.datetime | None = None
    retry_at: dt.datetime | None = None
    undecidable: bool = False
    text: str | None = None
    data: Json = None

    @property
    def is_final(self) -> bool:
        """Whether nothing can change this step any more."""
        return self.status in STEP_TERMINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionState:
    """One execution at one moment. `steps` holds every step of the plan by id.

    `context` holds the shared context's keys without the steps' own agent_<id>_result, which follow from
    `steps`. `cancel_requested` and `paused` are what people asked for; `deadline_at` what the clock ends.
    `ended_by` is set once something ended the execution early (step_failed, deadline, budget_exceeded), with
    nothing more started from then on.
    """

    status: ExecutionStatus = ExecutionStatus.QUEUED
    initial_prompt: str
    steps: Mapping[str, StepState]
    deadline_at: dt.datetime
    context: Mapping[str, Json] = field(default_factory=dict)
    cancel_requested: bool = False
    paused: bool = False
    ended_by: str | None = None
