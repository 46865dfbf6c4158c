"""A service that answers as it is told, and the owner of one attempt: for what Suna never does on demand."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from executions.agent_service import (
    AgentService,
    AgentServiceError,
    AgentView,
    RunRequest,
    RunResult,
    RunStatus,
    RunView,
)
from executions.engine.state import Reason, StepStatus
from executions.orchestrator.attempt import Attempt
from executions.orchestrator.changes import Committed
from executions.orchestrator.gate import Gate
from executions.orchestrator.starts import Starts
from executions.orchestrator.tracked import RunRecord
from teams.models import SunaConnection
from tests.unit.engine.plans import make_plan, make_step

AT = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
RUN_ID = "run-1"

Answer = RunStatus | AgentServiceError


class ScriptedService(AgentService):
    """Answers each look at the run with the next of `looks`, the last one for ever; notes what is asked."""

    def __init__(self, looks: Sequence[Answer] = ()) -> None:
        self._looks = list(looks)
        self.calls: list[str] = []

    async def prepare_run(self, request: RunRequest) -> str | None:
        self.calls.append("prepare")
        return "thread-1"

    async def start_run(self, request: RunRequest, *, place: str | None) -> RunView:
        self.calls.append("start")
        return view_of(RunStatus.RUNNING)

    async def list_runs(self, place: str) -> tuple[RunView, ...]:
        self.calls.append("list")
        return ()

    async def get_run(self, run_id: str) -> RunView:
        self.calls.append("look")
        answer = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if isinstance(answer, AgentServiceError):
            raise answer
        return view_of(answer)

    async def get_result(self, run_id: str, *, place: str | None) -> RunResult:
        self.calls.append("result")
        return RunResult(text="the answer")

    async def stop_run(self, run_id: str) -> None:
        self.calls.append("stop")

    async def list_agents(self) -> tuple[AgentView, ...]:
        raise NotImplementedError

    async def get_agent(self, agent_id: str) -> AgentView:
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close nothing."""


def view_of(status: RunStatus) -> RunView:
    return RunView(run_id=RUN_ID, place="thread-1", status=status, word=status.value)


@dataclass
class Owner:
    """What an attempt needs of its execution. The clock moves by a tenth of a second each time it is read."""

    service: AgentService
    cancelled_with_commit: bool = False
    stops_with_commit: bool = False
    attempt: Attempt | None = None
    committed: list[str] = field(default_factory=list)
    said: list[str | None] = field(default_factory=list)
    reads: int = 0
    gate: Gate = field(default_factory=lambda: Gate(uuid.uuid4(), growth_s=10, jitter=lambda low, high: low))
    starts: Starts = field(init=False)

    def __post_init__(self) -> None:
        plan = make_plan(make_step("a"))
        tracked = SimpleNamespace(id=uuid.uuid4(), plan=plan)
        self.starts = Starts(self.gate, tracked, wake=lambda: None)  # type: ignore[arg-type]

    @property
    def tracked(self) -> Any:
        return SimpleNamespace(connection=SunaConnection(wire_profile="2025-08", sends_user_keys=False))

    def may_start(self) -> bool:
        return True

    def now(self) -> dt.datetime:
        self.reads += 1
        return AT + dt.timedelta(seconds=self.reads / 10)

    async def renew_service(self) -> None:
        self.said.append("renewed")

    async def say_waiting(self, step_id: str, reason: Reason | None) -> None:
        self.said.append(reason.code if reason else None)

    def mark_step(self, step_id: str, status: StepStatus, reason: Reason | None) -> bool:
        return True

    async def commit_run(self, run: RunRecord, *, kind: str) -> Committed:
        self.committed.append(kind)
        if self.stops_with_commit and self.attempt is not None:
            self.attempt.stopping.set()
        return Committed(
            at=AT,
            event_seq=1,
            context_version=0,
            cancel_requested=self.cancelled_with_commit,
            pause_requested=False,
        )


def make_attempt(owner: Owner, *, running: bool) -> Attempt:
    """Make the first attempt at a step, with its run under way or with nothing yet."""
    run = RunRecord(step_id="a", attempt=1, agent_id="agent-a", model_name="", thread_id="thread-1")
    run.suna_run_id, run.started_at = RUN_ID, AT
    owner.attempt = Attempt(
        owner,  # type: ignore[arg-type]
        step=make_step("a"),
        number=1,
        prompt="Do it.",
        run=run if running else None,
    )
    return owner.attempt
