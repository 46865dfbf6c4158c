"""A foreseen run as its page shows it: steps in the order in which they may start, with their prompts."""

from dataclasses import dataclass

from executions.actions.estimate_run import Estimate, Money, Seconds
from executions.actions.plan_run import PlannedRun
from executions.engine.foresight import ForeseenStep
from executions.wording import refusal_sentence
from executions.wording.plans import missing_sentence
from executions.wording.steps import reason_sentence
from teams.actions.save_version import limit_of_connection
from teams.models import Team
from teams.wording import step_conditions_words, step_titles
from teams.workflow.plan import PlanStep
from teams.workflow.width import most_at_once

SHOWN_CHARS = 400_000
"""Of all prompts of one page; of those beyond it only the size is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a prompt: a text, or the title of the step whose result will stand there."""

    text: str = ""
    result_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepForeseen:
    """One step. `pieces` is None where the texts are too long for one page; `size` is in bytes."""

    step_id: str
    title: str
    agent: str
    conditions: tuple[str, ...]
    fate: str
    reason: str
    pieces: tuple[Piece, ...] | None
    size: int
    is_cut: bool
    cost: Money | None
    duration: Seconds | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunView:
    """The whole. `width`: how many steps may run at once; `limit`: what the connection runs, if known."""

    waves: tuple[tuple[StepForeseen, ...], ...]
    width: int
    limit: int | None
    cost: Money | None
    cost_missing: str
    duration: Seconds | None
    duration_missing: str
    obstacles: tuple[str, ...]


def build_dry_run(planned: PlannedRun, *, team: Team) -> DryRunView:
    """Return what the page shows of a plan."""
    titles = step_titles(planned.plan.steps)
    room = SHOWN_CHARS
    waves: dict[int, list[StepForeseen]] = {}
    for step, seen in zip(planned.plan.steps, planned.foreseen, strict=True):
        room -= sum(len(part.text or "") for part in seen.parts)
        waves.setdefault(seen.wave, []).append(_step(planned, step, seen, titles, with_text=room >= 0))
    whole = planned.estimates.whole
    return DryRunView(
        waves=tuple(tuple(waves[number]) for number in sorted(waves)),
        width=most_at_once(planned.plan),
        limit=limit_of_connection(team),
        cost=whole.cost,
        cost_missing=missing_sentence(whole.cost_missing) if whole.cost_missing else "",
        duration=whole.duration,
        duration_missing=missing_sentence(whole.duration_missing) if whole.duration_missing else "",
        obstacles=tuple(
            refusal_sentence(code=one.code, message=one.message, problems=one.problems)
            for one in planned.obstacles
        ),
    )


def _step(
    planned: PlannedRun, step: PlanStep, seen: ForeseenStep, titles: dict[str, str], *, with_text: bool
) -> StepForeseen:
    estimate: Estimate | None = planned.estimates.steps.get(step.id)
    pieces = tuple(
        Piece(text=part.text or "")
        if part.result_of is None
        else Piece(result_of=titles.get(part.result_of, part.result_of))
        for part in seen.parts
    )
    return StepForeseen(
        step_id=step.id,
        title=titles[step.id],
        agent=planned.agents[step.id].name or step.agent_id,
        conditions=tuple(step_conditions_words(step, titles)),
        fate=seen.fate,
        reason=reason_sentence(seen.reason.code, seen.reason.params, names=titles) if seen.reason else "",
        pieces=pieces if with_text else None,
        size=seen.known_bytes,
        is_cut=bool(seen.cuts),
        cost=estimate.cost if estimate else None,
        duration=estimate.duration if estimate else None,
    )
