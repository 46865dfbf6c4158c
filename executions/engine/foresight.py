"""What can be said of an execution before it begins: the order of its steps, what is certain, the prompts.

Nothing here judges or words anything by itself: `decide` says what starts and what is skipped by the prompt
alone, and `build_prompt` writes every prompt as it will be sent. What hangs on results that nobody has yet is
marked as such.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from executions.engine.decide import decide
from executions.engine.decisions import SkipStep, StartStep
from executions.engine.prompt_cut import count_bytes
from executions.engine.state import ExecutionState, Reason, StepState, StepStatus
from executions.engine.step_input import Cut, build_prompt, choose_tag
from executions.engine.transitions import apply_decision
from teams.workflow.plan import Plan

_SOME_TIME = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPart:
    """A piece of a prompt: a text as it will be sent, or the place of a result that is not there yet."""

    text: str | None = None
    result_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenStep:
    """One step. `wave` counts from 1: a step is at the earliest in the wave after all that it waits for.

    `fate`: it starts at once, is skipped for `reason`, or depends on results. `parts` are its prompt, empty
    for a step that is skipped. Where `is_exact` the prompt is byte for byte what will be sent; otherwise
    results stand in it, and the tag of its blocks follows from them. `known_bytes` leaves results out.
    """

    step: str
    wave: int
    fate: Literal["starts", "skipped", "depends"]
    reason: Reason | None = None
    parts: tuple[PromptPart, ...] = ()
    is_exact: bool = False
    known_bytes: int = 0
    cuts: tuple[Cut, ...] = ()


def foresee(plan: Plan, initial_prompt: str) -> tuple[ForeseenStep, ...]:
    """Return what can be said of each step of the plan for this prompt, in document order."""
    state = ExecutionState(
        initial_prompt=initial_prompt,
        steps={step.id: StepState(step_id=step.id) for step in plan.steps},
        deadline_at=_SOME_TIME + dt.timedelta(seconds=plan.deadline_s),
    )
    # A limit of the plan makes a step wait; it does not change whether it starts.
    unlimited = msgspec.structs.replace(plan, max_parallel=None)
    starting: set[str] = set()
    skipped = state
    for decision in decide(unlimited, state, _SOME_TIME):
        if isinstance(decision, StartStep):
            starting.add(decision.step_id)
        elif isinstance(decision, SkipStep):
            skipped = apply_decision(unlimited, skipped, decision, now=_SOME_TIME)
    waves = list_waves(plan)
    marks = _marks_for(plan, initial_prompt)
    return tuple(
        _foresee_step(plan, skipped, step.id, wave=waves[step.id], marks=marks, starts=step.id in starting)
        for step in plan.steps
    )


def list_waves(plan: Plan) -> dict[str, int]:
    """Return for each step the wave in which it may start at the earliest, from 1, in document order."""
    waves: dict[str, int] = {}
    waits = {step.id: {*step.depends, *(step.else_group or ())} for step in plan.steps}
    # A plan has no circles, but a step may wait for one that stands after it.
    while len(waves) < len(waits):
        for step_id, others in waits.items():
            if step_id not in waves and all(other in waves for other in others):
                waves[step_id] = 1 + max((waves[other] for other in others), default=0)
    return {step.id: waves[step.id] for step in plan.steps}


def _marks_for(plan: Plan, initial_prompt: str) -> dict[str, str]:
    """Return for each step a text to stand for its result, which occurs nowhere else."""
    said = [initial_prompt, *(step.instructions or "" for step in plan.steps)]
    tag = choose_tag([*said, *(step.role or "" for step in plan.steps)])
    return {step.id: f"<<{tag}:{number}>>" for number, step in enumerate(plan.steps)}


def _foresee_step(
    plan: Plan, state: ExecutionState, step_id: str, *, wave: int, marks: Mapping[str, str], starts: bool
) -> ForeseenStep:
    stands = state.steps[step_id]
    if stands.status is StepStatus.SKIPPED:
        return ForeseenStep(step=step_id, wave=wave, fate="skipped", reason=stands.reason)
    finished = {
        other: step
        if step.is_final or other == step_id
        else replace(step, status=StepStatus.COMPLETED, text=marks[other])
        for other, step in state.steps.items()
    }
    built = build_prompt(plan, replace(state, steps=finished), step_id)
    parts = _split(built.prompt, {mark: other for other, mark in marks.items()})
    return ForeseenStep(
        step=step_id,
        wave=wave,
        fate="starts" if starts else "depends",
        parts=parts,
        is_exact=all(part.result_of is None for part in parts),
        known_bytes=sum(count_bytes(part.text) for part in parts if part.text is not None),
        cuts=built.cuts,
    )


def _split(prompt: str, steps: Mapping[str, str]) -> tuple[PromptPart, ...]:
    pieces = re.split("(" + "|".join(re.escape(mark) for mark in steps) + ")", prompt)
    return tuple(
        PromptPart(result_of=steps[piece]) if piece in steps else PromptPart(text=piece)
        for piece in pieces
        if piece
    )
