"""A tiny simulated world for the engine: a clock that counts ticks, and agents that answer as scripted.

It obeys every decision as the orchestrator does, and keeps what happened. Runs that end at the same tick
are taken in document order; then everything startable starts at once, which is one wave. Waits for a retry
take no ticks.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from executions.engine import transitions
from executions.engine.decide import decide
from executions.engine.decisions import Decision, FinishExecution, StartStep, StopStep
from executions.engine.ending import decide_ending
from executions.engine.state import EXECUTION_TERMINAL, STEP_ACTIVE, ExecutionState, StepState, StepStatus
from teams.workflow.plan import Plan

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
MAX_TICKS = 2_000

Observer = Callable[[ExecutionState, ExecutionState, Decision | None], None]


def make_state(plan: Plan, *, prompt: str = "What should we do?", **changes: Any) -> ExecutionState:
    """Return the state in which an execution of the plan begins."""
    steps = {step.id: StepState(step_id=step.id) for step in plan.steps}
    given = {"initial_prompt": prompt, "steps": steps, "deadline_at": NOW + dt.timedelta(days=1)}
    return ExecutionState(**(given | changes))


def without_retry_waits(plan: Plan) -> Plan:
    """Return the plan with every wait between two attempts taken out."""
    steps = tuple(
        msgspec.structs.replace(
            step, retry=msgspec.structs.replace(step.retry, initial_interval_s=0, max_interval_s=0)
        )
        for step in plan.steps
    )
    return msgspec.structs.replace(plan, steps=steps)


@dataclass
class Clockwork:
    """One simulated execution. `scripts` holds for each step the attempts that it makes, the last repeats."""

    plan: Plan
    state: ExecutionState
    scripts: Mapping[str, Sequence[Mapping[str, Any]]]
    observe: Observer = lambda before, after, decision: None
    tick: int = 0
    starts: list[list[str]] = field(default_factory=list)
    ends_at: dict[str, int] = field(default_factory=dict)
    finish: FinishExecution | None = None

    @property
    def now(self) -> dt.datetime:
        return NOW + dt.timedelta(milliseconds=self.tick)

    def run(self) -> "Clockwork":
        self._settle()
        while self.state.status not in EXECUTION_TERMINAL:
            assert self.ends_at, f"nothing runs and it is not over: {self.state}"
            self.tick = min(self.ends_at.values())
            assert self.tick < MAX_TICKS, "it does not end"
            for step in self.plan.steps:
                if self.ends_at.get(step.id) == self.tick:
                    self._end_attempt(step.id)
            self._settle()
        return self

    def _end_attempt(self, step_id: str) -> None:
        del self.ends_at[step_id]
        if self.state.steps[step_id].status not in STEP_ACTIVE:
            return
        attempt = self._script(step_id)
        before = self.state
        if "fail" in attempt:
            changed = transitions.fail_attempt(
                self.plan, before, step_id, code=attempt["fail"], now=self.now, text=attempt.get("text")
            )
        else:
            changed = transitions.complete_attempt(
                self.plan,
                before,
                step_id,
                text=attempt.get("text"),
                structured=attempt.get("structured"),
                now=self.now,
            )
        self.state = changed.state
        self.observe(before, self.state, None)
        for decision in decide_ending(self.plan, self.state):
            self._obey(decision)

    def _script(self, step_id: str) -> Mapping[str, Any]:
        listed = self.scripts.get(step_id) or [{"text": f"result of {step_id}"}]
        return listed[min(self.state.steps[step_id].attempts, len(listed)) - 1]

    def _settle(self) -> None:
        wave: list[str] = []
        while decisions := decide(self.plan, self.state, self.now):
            for decision in decisions:
                self._obey(decision)
                if isinstance(decision, StartStep):
                    wave.append(decision.step_id)
                    self.ends_at[decision.step_id] = self.tick + self._script(decision.step_id).get(
                        "takes", 1
                    )
                    self.state = transitions.mark(self.state, decision.step_id, StepStatus.RUNNING)
        if wave:
            self.starts.append(wave)

    def _obey(self, decision: Decision) -> None:
        before = self.state
        self.state = transitions.apply_decision(self.plan, before, decision, now=self.now)
        self.observe(before, self.state, decision)
        if isinstance(decision, StopStep):
            self.ends_at.pop(decision.step_id, None)
        if isinstance(decision, FinishExecution):
            self.finish = decision
