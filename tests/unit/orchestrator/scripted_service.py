"""A service that answers as it is told, and the owner of one attempt: for what Suna never does on demand."""

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from executions.agent_service import (
    AgentService,
    AgentServiceError,
    AgentView,
    HintsOffered,
    RunRequest,
    RunResult,
    RunStatus,
    RunView,
    ServiceTraits,
    ToolServer,
    Urgency,
)
from executions.engine.state import Reason, StepState, StepStatus
from executions.live_output import LiveEvent
from executions.orchestrator.agent_models import AgentModels
from executions.orchestrator.attempt import Attempt
from executions.orchestrator.changes import Committed
from executions.orchestrator.gate import Gate
from executions.orchestrator.hints import Hints
from executions.orchestrator.live_runs import LiveRuns
from executions.orchestrator.open_starts import OpenStarts
from executions.orchestrator.starts import Starts
from executions.orchestrator.tracked import RunRecord
from teams.models import SunaConnection
from tests.unit.engine.plans import make_plan, make_step

AT = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
RUN_ID = "run-1"

Answer = RunStatus | AgentServiceError
Stream = tuple[int, bool | AgentServiceError | None]


class ScriptedService(AgentService):
    """Answers each look at the run with the next of `looks`, the last one for ever; notes what is asked.

    Of `streams` and `lists` each watch and each list takes the next, the last one for ever: a number of
    events and how the stream then ends (None: never), or the runs that are listed.
    """

    def __init__(
        self,
        looks: Sequence[Answer] = (),
        *,
        streams: Sequence[Stream] = (),
        lists: Sequence[frozenset[str] | AgentServiceError] = (),
    ) -> None:
        self._looks = list(looks)
        self._streams = list(streams)
        self._lists = list(lists)
        self.hints_offered = HintsOffered(by_watching=bool(streams), by_list=bool(lists))
        self.traits_shown = ServiceTraits(wants_model=False)
        self.live_events: list[LiveEvent] = []
        self.marks: list[str | AgentServiceError | None] = [None]
        self.calls: list[str] = []
        self.urgencies: list[Urgency] = []
        self.open_streams = 0

    @property
    def hints(self) -> HintsOffered:
        return self.hints_offered

    @property
    def traits(self) -> ServiceTraits:
        return self.traits_shown

    async def prepare_run(self, request: RunRequest) -> str | None:
        self.calls.append("prepare")
        return "thread-1"

    async def add_prompt(self, request: RunRequest, *, place: str) -> None:
        self.calls.append("add prompt")

    async def start_run(self, request: RunRequest, *, place: str | None) -> RunView:
        self.calls.append("start")
        return view_of(RunStatus.RUNNING)

    async def list_runs(self, place: str) -> tuple[RunView, ...]:
        self.calls.append("list")
        return ()

    async def watch_run(self, run_id: str, *, heard: Callable[[int], None]) -> bool:
        self.calls.append("watch")
        events, end = self._streams.pop(0) if len(self._streams) > 1 else self._streams[0]
        self.open_streams += 1
        try:
            heard(0)
            for _ in range(events):
                await asyncio.sleep(0)
                heard(1)
            if end is None:
                await asyncio.Event().wait()
            if isinstance(end, AgentServiceError):
                raise end
            return bool(end)
        finally:
            self.open_streams -= 1

    async def follow_live(self, run_id: str, *, place: str | None, tell: Callable[[LiveEvent], None]) -> None:
        self.calls.append("live")
        for event in self.live_events:
            tell(event)
        await asyncio.Event().wait()

    async def list_active_runs(self) -> frozenset[str]:
        self.calls.append("active")
        answer = self._lists.pop(0) if len(self._lists) > 1 else self._lists[0]
        if isinstance(answer, AgentServiceError):
            raise answer
        return answer

    async def get_run(self, run_id: str, *, urgency: Urgency = Urgency.POLL) -> RunView:
        self.calls.append("look")
        self.urgencies.append(urgency)
        answer = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if isinstance(answer, AgentServiceError):
            raise answer
        return view_of(answer)

    async def get_result(self, run_id: str, *, place: str | None) -> RunResult:
        self.calls.append("result")
        return RunResult(text="the answer")

    async def mark_whole_answer(self, run_id: str, *, place: str | None, is_over: bool) -> str | None:
        self.calls.append("mark")
        mark = self.marks.pop(0) if len(self.marks) > 1 else self.marks[0]
        if isinstance(mark, AgentServiceError):
            raise mark
        return mark

    async def stop_run(self, run_id: str) -> None:
        self.calls.append("stop")

    async def list_agents(self) -> tuple[AgentView, ...]:
        raise NotImplementedError

    async def get_agent(self, agent_id: str) -> AgentView:
        raise NotImplementedError

    async def attach_tools(self, agent_id: str, server: ToolServer) -> tuple[str, ...]:
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
    execution_id: uuid.UUID = field(default_factory=uuid.uuid4)
    hints: Hints = field(default_factory=Hints)
    live: LiveRuns = field(default_factory=LiveRuns)
    open_starts: OpenStarts = field(default_factory=OpenStarts)
    models: AgentModels = field(default_factory=AgentModels)
    gate: Gate = field(default_factory=lambda: Gate(uuid.uuid4(), growth_s=10, jitter=lambda low, high: low))
    starts: Starts = field(init=False)

    def __post_init__(self) -> None:
        plan = make_plan(make_step("a"))
        tracked = SimpleNamespace(id=self.execution_id, plan=plan)
        self.starts = Starts(self.gate, tracked, wake=lambda: None)  # type: ignore[arg-type]

    @property
    def tracked(self) -> Any:
        return SimpleNamespace(
            id=self.execution_id,
            connection=SunaConnection(wire_profile="2025-08", sends_user_keys=False),
            state=SimpleNamespace(steps={"a": StepState(step_id="a")}),
        )

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
            seen_at=AT,
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
