"""How an attempt ended, as an attempt tells the execution it belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from executions.agent_service import RunResult
from executions.engine.state import AgentRunStatus, Reason
from executions.orchestrator.tracked import RunRecord
from teams.workflow.plan import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The run completed and left a result; whether the result is good is for the engine to say.

    `lingered`: the service never said that it completed, its answer did.
    """

    run: RunRecord
    result: RunResult
    lingered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPerson:
    """The run completed with a question to a person, which `result` holds, instead of an answer."""

    run: RunRecord
    result: RunResult
    lingered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The attempt failed with one of the language's codes. `run` is None where none was ever made.

    `run_status` is what became of the run; `result` holds what it left, its usage included. `text` is what
    is kept of an answer that could not be taken. `is_final`: no other attempt follows, whatever the policy.
    """

    step_id: str
    run: RunRecord | None
    code: str
    message: str = ""
    params: Mapping[str, Json] = field(default_factory=dict)
    run_status: AgentRunStatus = AgentRunStatus.FAILED
    result: RunResult | None = None
    text: str | None = None
    is_final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverStarted:
    """A start in doubt made no run, or a person wants another all the same: the attempt does not count.

    Another is made on a new thread.
    """

    run: RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """Nothing was started, for sure, and may be later: the same attempt waits for its start, for `reason`.

    `run` is None where there is no thread yet; else the next start uses it.
    """

    step_id: str
    run: RunRecord | None
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A run that was to be stopped is over, however it ended; None where there was nothing to stop."""

    step_id: str
    run: RunRecord | None
    run_status: AgentRunStatus
    message: str = ""
    result: RunResult | None = None


Outcome = Answered | AskedPerson | Broken | NeverStarted | PutBack | Stopped
