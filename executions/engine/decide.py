"""What should happen next. Deterministic and total: the same plan, state and moment give the same decisions.

The caller applies the decisions in their order with `transitions.apply_decision` and does what they say.
One call decides everything that can be decided now, so that after it a second call returns ().
"""

import datetime as dt
from collections.abc import Mapping

from executions.engine.decisions import Decision, HoldStep, SkipStep, StartStep
from executions.engine.ending import decide_deadline, decide_ending
from executions.engine.judging import judge_step
from executions.engine.outcome import build_finish
from executions.engine.state import (
    EXECUTION_TERMINAL,
    STEP_ACTIVE,
    ExecutionState,
    ExecutionStatus,
    Reason,
    StepState,
    StepStatus,
)
from executions.engine.transitions import apply_decision, find_next_attempt
from teams.workflow.plan import Json, Plan

NO_HOLDS: Mapping[str, Reason] = {}


def decide(
    plan: Plan, state: ExecutionState, now: dt.datetime, *, held: Mapping[str, Reason] = NO_HOLDS
) -> tuple[Decision, ...]:
    """Return what should happen next, in an order in which it can be applied; () where nothing should.

    `held` names steps that the caller cannot start at present, each with its reason (a limit of the
    connection, the budget): they are held with that reason instead of started, and take no slot.
    """
    if state.status in EXECUTION_TERMINAL:
        return ()
    if state.status is ExecutionStatus.QUARANTINED and not state.cancel_requested:
        return ()
    wave = _Wave(plan, state, now)
    wave.take(*decide_ending(plan, state))
    if not wave.is_ending:
        startable = wave.judge()
        wave.take(*decide_deadline(plan, wave.state, now))
        if not wave.is_ending:
            wave.start(startable, held)
    elif wave.state.ended_by == "budget_exceeded" and not wave.state.cancel_requested:
        wave.take(*decide_deadline(plan, wave.state, now))
    if all(wave.state.steps[step.id].is_final for step in plan.steps):
        wave.take(build_finish(plan, wave.state))
    return tuple(wave.decisions)


def find_next_moment(state: ExecutionState) -> dt.datetime | None:
    """Return when `decide` should be asked again even if nothing happens; None once the execution is over."""
    if state.status in EXECUTION_TERMINAL:
        return None
    steps = state.steps.values()
    due = [moment for step in steps for moment in (step.retry_at, step.input_until) if moment is not None]
    return min([state.deadline_at, *due])


class _Wave:
    """The decisions of one call, and the state as it stands once they are applied."""

    def __init__(self, plan: Plan, state: ExecutionState, now: dt.datetime) -> None:
        self.plan = plan
        self.state = state
        self.now = now
        self.decisions: list[Decision] = []

    @property
    def is_ending(self) -> bool:
        return self.state.cancel_requested or self.state.ended_by is not None

    def take(self, *decisions: Decision) -> None:
        for decision in decisions:
            self.state = apply_decision(self.plan, self.state, decision, now=self.now)
            self.decisions.append(decision)

    def judge(self) -> dict[str, Json]:
        """Judge every pending step until nothing changes; return the startable ones with their records."""
        startable: dict[str, Json] = {}
        changed = True
        while changed:
            changed = False
            for step in self.plan.steps:
                if self.state.steps[step.id].status is not StepStatus.PENDING or step.id in startable:
                    continue
                judged = judge_step(self.plan, self.state, step, startable=startable.keys())
                if judged is None:
                    continue
                changed = True
                if isinstance(judged, SkipStep):
                    self.take(judged)
                else:
                    startable[step.id] = judged.conditions
        return startable

    def start(self, startable: Mapping[str, Json], held: Mapping[str, Reason]) -> None:
        """Start in document order what may start, as far as there are slots; hold the rest."""
        limit = self.plan.max_parallel
        active = sum(step.status in STEP_ACTIVE for step in self.state.steps.values())
        for step in self.plan.steps:
            stands = self.state.steps[step.id]
            if step.id not in startable and not self._may_go_on(stands):
                continue
            reason = held.get(step.id)
            if self.state.paused:
                reason = Reason(code="paused")
            elif limit is not None and active >= limit:
                reason = Reason(code="max_parallel", params={"limit": limit})
            conditions = startable.get(step.id)
            if reason is None:
                active += 1
                attempt = find_next_attempt(stands)
                self.take(StartStep(step_id=step.id, attempt=attempt, conditions=conditions))
            elif stands.status is not StepStatus.READY or stands.reason != reason:
                self.take(HoldStep(step_id=step.id, reason=reason, conditions=conditions))

    def _may_go_on(self, step: StepState) -> bool:
        is_due = step.retry_at is None or step.retry_at <= self.now
        return is_due and step.status in (StepStatus.READY, StepStatus.RETRYING)
