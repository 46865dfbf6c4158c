"""One execution's starts at the gate of its connection: what may start now, and what the rest waits for."""

import datetime as dt
import time
from collections.abc import Callable, Collection, Mapping

from executions.agent_service import AgentServiceError
from executions.engine.decide import NO_HOLDS, decide
from executions.engine.decisions import Decision, StartStep
from executions.engine.state import Reason
from executions.orchestrator.changes import Event
from executions.orchestrator.gate import Gate
from executions.orchestrator.start_line import Wish
from executions.orchestrator.tracked import Tracked


class Starts:
    """The starts of one execution. `wake` has it look at itself again: one of its steps may be next.

    `discovered` are events that the next commit shall write.
    """

    def __init__(self, gate: Gate, tracked: Tracked, *, wake: Callable[[], None]) -> None:
        self.discovered: list[Event] = []
        self._gate = gate
        self._tracked = tracked
        self._wake = wake
        self._positions = {step.id: position for position, step in enumerate(tracked.plan.steps)}
        self._waits = False

    def decide(
        self, *, now: dt.datetime, held: Mapping[str, Reason] = NO_HOLDS, has_ticket: Collection[str] = ()
    ) -> tuple[Decision, ...]:
        """Return what should happen next, with a ticket for each start, and what has none held back.

        What is `held` by something else asks for no ticket, and neither does what has one already.
        """
        at_gate: dict[str, Reason] = {}
        let_through: set[str] = set(has_ticket)
        plan, state = self._tracked.plan, self._tracked.state
        while True:
            # What is held takes no slot of `max_parallel`: others come up that were not asked for yet.
            decisions = decide(plan, state, now, held={**held, **at_gate})
            starts = [one.step_id for one in decisions if isinstance(one, StartStep)]
            unasked = [step_id for step_id in starts if step_id not in let_through]
            refused = {}
            for step_id in unasked:
                reason = self._gate.ask(self._wish(step_id), now=time.monotonic())
                if reason is None:
                    let_through.add(step_id)
                else:
                    refused[step_id] = reason
            if not refused:
                break
            at_gate |= refused
        if at_gate or self._waits:
            self._gate.keep_only(self._tracked.id, set(at_gate))
        self._waits = bool(at_gate)
        return decisions

    def take(self, step_id: str) -> None:
        """Count a run that is under way already."""
        self._gate.take((self._tracked.id, step_id), now=time.monotonic())

    def give_back(self, step_id: str) -> None:
        """Count an attempt no more that is over or put back."""
        self._gate.give_back((self._tracked.id, step_id), now=time.monotonic())

    def forget(self) -> None:
        """Wait for nothing and count nothing any more."""
        self._gate.forget(self._tracked.id, now=time.monotonic())

    def started(self, step_id: str) -> None:
        """Note that Suna took the start."""
        self._gate.started((self._tracked.id, step_id), now=time.monotonic())

    def unsure(self, step_id: str) -> None:
        """Note that it is not known whether Suna took the start."""
        self._gate.unsure((self._tracked.id, step_id), now=time.monotonic())

    def refused(self, step_id: str, error: AgentServiceError) -> None:
        """Note that Suna refused a start or cannot be asked; what that means for others becomes an event."""
        if self._gate.refused((self._tracked.id, step_id), error, now=time.monotonic()):
            found = Event(kind="connection_paused", step_id=step_id, data={"code": error.code})
            self.discovered.append(found)
            self._wake()

    def is_own_fault(self, step_id: str) -> bool:
        """Whether the step, just refused, cannot be started although Suna takes others: said once."""
        return self._gate.is_own_fault((self._tracked.id, step_id), now=time.monotonic())

    def is_paused_for(self, code: str) -> bool:
        """Whether the connection's starts are held for this code already."""
        return self._gate.is_paused_for(code)

    def _wish(self, step_id: str) -> Wish:
        tracked = self._tracked
        return Wish(
            key=(tracked.id, step_id),
            user=tracked.execution.started_by_id,
            under_way=any(step.attempts for step in tracked.state.steps.values()),
            position=self._positions[step_id],
            wake=self._wake,
        )
