"""What should happen next, as data. The orchestrator obeys each decision and commits it with its event."""

from dataclasses import dataclass, field

from executions.engine.state import ExecutionStatus, Reason
from teams.workflow.plan import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class StartStep:
    """Begin attempt `attempt` of a step (1 for the first). The prompt comes from `step_input`."""

    step_id: str
    attempt: int
    conditions: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldStep:
    """The step may start but waits, for `reason`: it becomes `ready`. Emitted only where that is news."""

    step_id: str
    reason: Reason
    conditions: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipStep:
    """The step will never run. `conditions` is the record of each condition, the value seen, the verdict."""

    step_id: str
    reason: Reason
    undecidable: bool = False
    conditions: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStep:
    """Stop the step's run, if it has one; the step becomes `cancelled` for `reason`."""

    step_id: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEarly:
    """The execution ends before its steps are through, for `code`: step_failed, deadline, budget_exceeded."""

    code: str
    params: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishExecution:
    """Every step is final: the execution's status, code, answer and the answer as text.

    `missing` names the entries of the output map whose path was not there (they are null in the answer).
    """

    status: ExecutionStatus
    code: str | None
    answer: Json
    answer_text: str
    missing: tuple[str, ...] = ()


Decision = StartStep | HoldStep | SkipStep | StopStep | EndEarly | FinishExecution
