"""A connection's client behind its circuit and its retry budget: what would only be in the way is not sent.

A call that is held back fails at once as Unavailable that surely was not sent. Stops always go, and so do the
looks at a run that is to be stopped.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator
from functools import partial
from typing import TypeVar

from executions.agent_service import (
    AgentService,
    AgentServiceError,
    AgentView,
    ContractChanged,
    HintsOffered,
    RunRequest,
    RunResult,
    RunView,
    ServiceTraits,
    StartUncertain,
    ToolServer,
    Unavailable,
    Urgency,
)
from executions.live_output import LiveEvent
from executions.orchestrator.closed_service import ClosedService
from executions.orchestrator.gate import Gate
from executions.orchestrator.retry_budget import RetryBudget

R = TypeVar("R")

NOT_ASKED = "it does not answer; it is asked again before long"
LEFT = "the connection has changed"


class _Left(ClosedService):
    """What is left of a service that was closed: how it behaved, and no call."""

    def __init__(self, service: AgentService) -> None:
        super().__init__(partial(Unavailable, LEFT, sent=False))
        self._hints, self._traits = service.hints, service.traits

    @property
    def hints(self) -> HintsOffered:
        """Those it gave."""
        return self._hints

    @property
    def traits(self) -> ServiceTraits:
        """How it behaved."""
        return self._traits


class GuardedService:
    """Guards a service. It spells out every call of the port on purpose: a new one must be thought about."""

    def __init__(
        self,
        service: AgentService,
        *,
        gate: Gate,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._gate = gate
        self._circuit = gate.circuit
        self._budget = RetryBudget()
        self._clock = clock
        self._changed = changed
        self._calls = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    @property
    def hints(self) -> HintsOffered:
        """Which hints the service gives."""
        return self._service.hints

    @property
    def traits(self) -> ServiceTraits:
        """How the service behaves."""
        return self._service.traits

    async def prepare_run(self, request: RunRequest) -> str | None:
        """Make the place of one run."""
        key = ("prepare", request.agent_id, hash(request.prompt))
        return await self._guard(key, lambda: self._service.prepare_run(request))

    async def add_prompt(self, request: RunRequest, *, place: str) -> None:
        """Put a further prompt into a place."""
        await self._guard(("add", place), lambda: self._service.add_prompt(request, place=place))

    async def start_run(self, request: RunRequest, *, place: str | None) -> RunView:
        """Start the run."""
        # Without a place of its own a start is told from others by what it asks for.
        key = ("start", place) if place is not None else ("start", request.agent_id, hash(request.prompt))
        return await self._guard(key, lambda: self._service.start_run(request, place=place))

    async def list_runs(self, place: str) -> tuple[RunView, ...]:
        """Return the runs of a place."""
        return await self._guard(("list", place), lambda: self._service.list_runs(place))

    async def get_run(self, run_id: str, *, urgency: Urgency = Urgency.POLL) -> RunView:
        """Return what the service says of a run; asked for a stop, whatever the circuit says."""
        send = self._send if urgency is Urgency.STOP else self._guard
        return await send(("get", run_id), lambda: self._service.get_run(run_id, urgency=urgency))

    async def watch_run(self, run_id: str, *, heard: Callable[[int], None]) -> bool:
        """Return when the service hints that a run may be over; not tried while the circuit is open.

        A stream that breaks says nothing of the service: many break at once, and the next poll tells.
        """
        if self._circuit.is_open:
            raise Unavailable(NOT_ASKED, sent=False)
        with self._calling():
            return await self._service.watch_run(run_id, heard=heard)

    async def follow_live(self, run_id: str, *, place: str | None, tell: Callable[[LiveEvent], None]) -> None:
        """Tell what a running agent does; not tried while the circuit is open.

        What fails here says nothing of the service, as with `watch_run`: it is only for people to look at.
        """
        if self._circuit.is_open:
            raise Unavailable(NOT_ASKED, sent=False)
        with self._calling():
            await self._service.follow_live(run_id, place=place, tell=tell)

    async def list_active_runs(self) -> frozenset[str]:
        """Return the ids of all runs that the service says are under way."""
        return await self._guard(("active",), self._service.list_active_runs)

    async def get_result(self, run_id: str, *, place: str | None) -> RunResult:
        """Return what an ended run left behind."""
        return await self._guard(("result", run_id), lambda: self._service.get_result(run_id, place=place))

    async def mark_whole_answer(self, run_id: str, *, place: str | None, is_over: bool) -> str | None:
        """Return a mark of what stands in a run's place, where the run has answered in full."""
        return await self._guard(
            ("mark", run_id),
            lambda: self._service.mark_whole_answer(run_id, place=place, is_over=is_over),
        )

    async def stop_run(self, run_id: str) -> None:
        """Ask the service to stop a run, whatever the circuit says: somebody waits for it."""
        await self._send(("stop", run_id), lambda: self._service.stop_run(run_id))

    async def list_agents(self) -> tuple[AgentView, ...]:
        """Return the whole catalogue."""
        return await self._guard(("agents",), self._service.list_agents)

    async def get_agent(self, agent_id: str) -> AgentView:
        """Return one agent."""
        return await self._guard(("agent", agent_id), lambda: self._service.get_agent(agent_id))

    async def attach_tools(self, agent_id: str, server: ToolServer) -> tuple[str, ...]:
        """Give an agent the server."""
        return await self._guard(("agent", agent_id), lambda: self._service.attach_tools(agent_id, server))

    async def aclose(self) -> None:
        """Close the connections; calls under way end as lost."""
        # Whoever holds this object on holds no credential with it.
        left, self._service = self._service, _Left(self._service)
        await left.aclose()

    async def retire(self) -> None:
        """Close the connections once no call is under way; every later call is refused as surely not sent."""
        while self._calls:
            await self._is_idle.wait()
        await self.aclose()

    async def _guard(self, key: Hashable, call: Callable[[], Awaitable[R]]) -> R:
        now = self._clock()
        if self._circuit.is_open:
            if not self._circuit.allow(now=now):
                raise Unavailable(NOT_ASKED, sent=False)
        elif not self._budget.allow(key, now=now):
            raise Unavailable("it fails too often to be asked again at once", sent=False)
        return await self._send(key, call)

    @contextlib.contextmanager
    def _calling(self) -> Iterator[None]:
        self._calls += 1
        self._is_idle.clear()
        try:
            yield
        finally:
            self._calls -= 1
            if not self._calls:
                self._is_idle.set()

    async def _send(self, key: Hashable, call: Callable[[], Awaitable[R]]) -> R:
        if isinstance(self._service, _Left):
            # Of the service this says nothing.
            return await call()
        try:
            with self._calling():
                result = await call()
        except ContractChanged:
            # It answers, only as another one: `changed` is told, and no pause would mend it.
            self._note_answer(key)
            self._changed()
            raise
        except (Unavailable, StartUncertain):
            self._circuit.failed(now=self._clock())
            self._budget.note(key, failed=True)
            raise
        except AgentServiceError:
            self._note_answer(key)
            raise
        self._note_answer(key)
        self._gate.answered(now=self._clock())
        return result

    def _note_answer(self, key: Hashable) -> None:
        self._budget.note(key, failed=False)
        if self._circuit.succeeded():
            self._gate.call_up(now=self._clock())
