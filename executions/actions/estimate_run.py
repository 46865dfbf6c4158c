"""What a run is likely to take and to cost: by the team's own history, else by the size of its prompts.

An estimate says what it is drawn from. Where there is no ground for one it is None, with the reason: a number
without a ground would be believed.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from billing.models import ModelPrice
from billing.pricing import PriceOverride, price_response
from executions.actions.run_history import RunHistory
from executions.engine.foresight import ForeseenStep
from teams.workflow.plan import Plan, PlanStep

BYTES_PER_TOKEN = 4
TOKENS_PER_RESULT = 1_000
"""What is assumed where nothing is known. The prompts of the agents themselves, their tools and further calls
of the model come on top: an estimate by size is a lower bound."""

Basis = Literal["history", "prompt_size", "steps"]
Missing = Literal["no_history", "model_unknown", "unpriced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """US dollars. `p90` is None where only one number can be given; `samples` counts executions."""

    median: Decimal
    p90: Decimal | None
    basis: Basis
    samples: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """A duration in seconds; otherwise as money."""

    median: float
    p90: float | None
    basis: Basis
    samples: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Cost and time of a step or of the whole; of what is None, the reason."""

    cost: Money | None
    cost_missing: Missing | None
    duration: Seconds | None
    duration_missing: Missing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """Those of the steps by id, and of the whole."""

    steps: Mapping[str, Estimate]
    whole: Estimate


def estimate_run(
    *,
    plan: Plan,
    foreseen: Sequence[ForeseenStep],
    models: Mapping[str, str],
    history: RunHistory,
    now: dt.datetime,
) -> Estimates:
    """Estimate each step that is not certain to be skipped, and the whole. `models` are models by step id."""
    prices = _find_prices(models.values(), now)
    steps: dict[str, Estimate] = {}
    for step, seen in zip(plan.steps, foreseen, strict=True):
        if seen.fate == "skipped":
            continue
        cost, cost_missing = _cost_of(step, seen, models.get(step.id), history, prices, now)
        past = history.step_s.get((step.id, step.agent_id))
        duration = (
            None
            if past is None
            else Seconds(median=past.median, p90=past.p90, basis="history", samples=past.samples)
        )
        steps[step.id] = Estimate(
            cost=cost,
            cost_missing=cost_missing,
            duration=duration,
            duration_missing=None if duration else "no_history",
        )
    return Estimates(steps=steps, whole=_whole(plan, steps, history))


def _find_prices(models: Iterable[str], now: dt.datetime) -> list[PriceOverride]:
    rows = ModelPrice.objects.filter(model_name__in=set(models), valid_from__lte=now)
    return [row.as_override() for row in rows]


def _cost_of(
    step: PlanStep,
    seen: ForeseenStep,
    model: str | None,
    history: RunHistory,
    prices: Sequence[PriceOverride],
    now: dt.datetime,
) -> tuple[Money | None, Missing | None]:
    past = history.step_usd.get((step.id, step.agent_id))
    if past is not None:
        return Money(median=past.median, p90=past.p90, basis="history", samples=past.samples), None
    if not model:
        return None, "model_unknown"
    results = sum(part.result_of is not None for part in seen.parts)
    priced = price_response(
        provider=None,
        model=model,
        tokens_input=math.ceil(seen.known_bytes / BYTES_PER_TOKEN) + results * TOKENS_PER_RESULT,
        tokens_output=TOKENS_PER_RESULT,
        at=now,
        overrides=prices,
    )
    if priced.cost_usd is None:
        return None, "unpriced"
    return Money(median=priced.cost_usd, p90=None, basis="prompt_size"), None


def _whole(plan: Plan, steps: Mapping[str, Estimate], history: RunHistory) -> Estimate:
    cost, cost_missing = _whole_cost(steps, history)
    duration, duration_missing = _whole_duration(plan, steps, history)
    return Estimate(
        cost=cost, cost_missing=cost_missing, duration=duration, duration_missing=duration_missing
    )


def _whole_cost(steps: Mapping[str, Estimate], history: RunHistory) -> tuple[Money | None, Missing | None]:
    past = history.whole_usd
    if past is not None:
        return Money(median=past.median, p90=past.p90, basis="history", samples=past.samples), None
    for estimate in steps.values():
        if estimate.cost is None:
            return None, estimate.cost_missing
    costs = [estimate.cost for estimate in steps.values() if estimate.cost is not None]
    highs = [cost.p90 for cost in costs if cost.p90 is not None]
    p90 = sum(highs, Decimal(0)) if len(highs) == len(costs) else None
    return Money(median=sum((cost.median for cost in costs), Decimal(0)), p90=p90, basis="steps"), None


def _whole_duration(
    plan: Plan, steps: Mapping[str, Estimate], history: RunHistory
) -> tuple[Seconds | None, Missing | None]:
    past = history.whole_s
    if past is not None:
        return Seconds(median=past.median, p90=past.p90, basis="history", samples=past.samples), None
    known = {step_id: estimate.duration for step_id, estimate in steps.items()}
    if any(duration is None for duration in known.values()):
        return None, "no_history"
    median = _longest_way(plan, {name: one.median for name, one in known.items() if one is not None})
    p90 = _longest_way(plan, {name: one.p90 or one.median for name, one in known.items() if one is not None})
    return Seconds(median=median, p90=p90, basis="steps"), None


def _longest_way(plan: Plan, took: Mapping[str, float]) -> float:
    """Return when the last step ends if each starts as soon as all that it waits for are over."""
    waits = {step.id: {*step.depends, *(step.else_group or ())} for step in plan.steps}
    ends: dict[str, float] = {}
    while len(ends) < len(waits):
        for step_id, others in waits.items():
            if step_id not in ends and all(other in ends for other in others):
                ends[step_id] = max((ends[other] for other in others), default=0.0) + took.get(step_id, 0.0)
    return round(max(ends.values(), default=0.0), 3)
