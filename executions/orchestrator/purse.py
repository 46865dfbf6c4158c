"""What budgets say to the starts of one execution: each start reserves what it is expected to cost.

What does not fit beside others' running steps is held, and asked again soon. Where a hard budget has no room
at all, the execution ends as the language says: nothing new starts, and, if the budget says so, what runs is
stopped.
"""

import asyncio
import datetime as dt
import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from billing import budgets
from executions.engine.decisions import Decision, EndEarly, StartStep, StopStep
from executions.engine.state import EXECUTION_TERMINAL, STEP_ACTIVE, Reason
from executions.engine.step_input import build_prompt
from executions.orchestrator.database_calls import in_any_thread
from executions.orchestrator.starts import Starts
from executions.orchestrator.tracked import Tracked

logger = logging.getLogger(__name__)

ASK_AGAIN_S = 2.0
"""How long a step that waits for money waits before it asks again; others' runs take longer than that."""
LOOK_AGAIN_S = 5.0
"""How often an execution with running steps looks whether a budget stops them."""
EXIST_S = 2.0
"""For how long a driver believes that there are no budgets."""

ENDED_BY = "budget_exceeded"


class BudgetLook:
    """Whether there are budgets at all: one cheap query now and then for all executions of a driver."""

    def __init__(self) -> None:
        self._exist = False
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    async def exist(self) -> bool:
        """Whether any budget limits anything, as of at most two seconds ago."""
        async with self._looking:
            if time.monotonic() - self._looked_at >= EXIST_S:
                self._exist = await in_any_thread(budgets.budgets_exist)
                self._looked_at = time.monotonic()
            return self._exist


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What should happen next, in an order in which it can be obeyed, and what was reserved for it.

    With `ends` these decisions come first, and the engine is asked again after them.
    """

    decisions: tuple[Decision, ...]
    reservations: list[uuid.UUID] = field(default_factory=list)
    ends: bool = False


class Purse:
    """The budgets of one execution, as its driver asks them."""

    def __init__(self, look: BudgetLook, tracked: Tracked, starts: Starts) -> None:
        self.asks_again_s: float | None = None
        """How long until the budgets must be asked again even if nothing happens; None: not for them."""
        self._look = look
        self._tracked = tracked
        self._starts = starts

    async def decide(self, *, now: dt.datetime) -> Allowed:
        """Return what should happen next, with a reservation for each start, and what has none held back."""
        self.asks_again_s = None
        state = self._tracked.state
        is_over = state.status in EXECUTION_TERMINAL or state.cancel_requested or state.ended_by is not None
        if is_over or not await self._look.exist():
            return Allowed(decisions=self._starts.decide(now=now))
        if any(step.status in STEP_ACTIVE for step in state.steps.values()):
            stopping = await in_any_thread(budgets.find_stopping, self._spender(), at=now)
            if stopping is not None:
                return self._end(stopping)
            self.asks_again_s = LOOK_AGAIN_S
        return await self._let_start(now)

    async def _let_start(self, now: dt.datetime) -> Allowed:
        held: dict[str, Reason] = {}
        granted: dict[str, budgets.Granted] = {}
        attempts: list[tuple[str, int]] = []
        while True:
            decisions = self._starts.decide(now=now, held=held, has_ticket=granted)
            asking = [one for one in decisions if isinstance(one, StartStep) and one.step_id not in granted]
            if not asking:
                break
            wanted = [self._wanted(one) for one in asking]
            said = await in_any_thread(budgets.reserve, self._spender(), wanted, at=now)
            if said.reached is not None:
                for one in decisions:
                    if isinstance(one, StartStep):
                        self._starts.give_back(one.step_id)
                unused = [(self._tracked.id, *attempt) for attempt in attempts]
                await in_any_thread(budgets.settle, unused, at=now)
                return self._end(said.reached)
            attempts += [(one.step_id, one.attempt) for one in wanted if one.step_id in said.granted]
            granted |= said.granted
            if not said.waiting:
                break
            for step_id, full in said.waiting.items():
                self._starts.give_back(step_id)
                params = {"scope": full.scope, "span": full.span}
                held[step_id] = Reason(code="budget_reserved", params=params)
                self.asks_again_s = ASK_AGAIN_S
        started = {one.step_id for one in decisions if isinstance(one, StartStep)}
        ids = [each for step_id in started for each in granted[step_id].reservations]
        return Allowed(decisions=decisions, reservations=ids)

    def _end(self, reached: budgets.Reached) -> Allowed:
        logger.info("execution %s: the budget of the %s is reached", self._tracked.id, reached.scope)
        params = {"scope": reached.scope, "span": reached.span}
        decisions: list[Decision] = [EndEarly(code=ENDED_BY, params=params)]
        if reached.at_limit == "stop":
            steps: Sequence[str] = [step.id for step in self._tracked.plan.steps]
            decisions += [
                StopStep(step_id=step_id, reason=Reason(code=ENDED_BY))
                for step_id in steps
                if self._tracked.state.steps[step_id].status in STEP_ACTIVE
            ]
        return Allowed(decisions=tuple(decisions), ends=True)

    def _spender(self) -> budgets.Spender:
        execution = self._tracked.execution
        return budgets.Spender(
            execution_id=execution.id,
            team_id=execution.team_id,
            payer_id=execution.payer_id,
            connection_id=execution.connection_id,
        )

    def _wanted(self, start: StartStep) -> budgets.Wanted:
        step = self._tracked.plan.step(start.step_id)
        parked = self._tracked.runs.get(step.id)
        prompt = (
            parked.prompt
            if parked is not None
            else build_prompt(self._tracked.plan, self._tracked.state, step.id).prompt
        )
        return budgets.Wanted(
            step_id=step.id,
            attempt=start.attempt,
            agent_id=step.agent_id,
            model_name=step.model_name or "",
            prompt_bytes=len(prompt.encode()),
        )
