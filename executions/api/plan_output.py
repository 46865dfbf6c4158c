"""What clients get about a plan."""

from decimal import Decimal
from typing import Any

from executions.actions.estimate_run import BYTES_PER_TOKEN, TOKENS_PER_RESULT, Estimate, Money, Seconds
from executions.actions.plan_run import PlannedRun, StepKeys
from executions.engine.foresight import ForeseenStep
from executions.wording.plans import assumption_sentence, missing_sentence
from executions.wording.steps import reason_sentence
from teams.wording import step_conditions_words, step_titles
from teams.workflow.plan import PlanStep

MAX_PROMPT_BYTES = 1024 * 1024
"""Of all prompts in one answer. Of those beyond it the size is told, and their text left out."""


def planned_answer(planned: PlannedRun) -> dict[str, Any]:
    """Return the plan by waves, with every step's prompt as far as it is known, and the estimate."""
    titles = step_titles(planned.plan.steps)
    shown = _shown_prompts(planned)
    waves: dict[int, list[dict[str, Any]]] = {}
    for step, seen in zip(planned.plan.steps, planned.foreseen, strict=True):
        waves.setdefault(seen.wave, []).append(_step(planned, step, seen, titles, with_text=step.id in shown))
    return {
        "type": planned.plan.type,
        "max_parallel": planned.plan.max_parallel,
        "deadline_s": planned.plan.deadline_s,
        "waves": [waves[number] for number in sorted(waves)],
        "output_steps": list(planned.plan.output_steps),
        "estimate": _estimate(planned.estimates.whole) | {"assumptions": _assumptions(planned)},
        "can_start": not planned.obstacles,
        "obstacles": [{"code": one.code, "message": one.message} for one in planned.obstacles],
        "warnings": [warning.as_json() for warning in planned.warnings],
    }


def _step(
    planned: PlannedRun, step: PlanStep, seen: ForeseenStep, titles: dict[str, str], *, with_text: bool
) -> dict[str, Any]:
    agent = planned.agents[step.id]
    estimate = planned.estimates.steps.get(step.id)
    reason = seen.reason
    return {
        "step": step.id,
        "title": titles[step.id],
        "role": step.role,
        "agent_id": step.agent_id,
        "agent_name": agent.name,
        "model": agent.model,
        "after": list(step.depends),
        "join": step.join,
        "conditions": list(step_conditions_words(step, titles)),
        "fate": seen.fate,
        "code": reason.code if reason else None,
        "message": reason_sentence(reason.code, reason.params, names=titles) if reason else None,
        "prompt": _prompt(seen, with_text=with_text),
        "keys": _keys(planned.keys.get(step.id)),
        "timeout_s": step.timeout_s,
        "max_attempts": step.retry.max_attempts,
        "on_error": step.on_error,
        "estimate": None if estimate is None else _estimate(estimate),
    }


def _prompt(seen: ForeseenStep, *, with_text: bool) -> dict[str, Any] | None:
    if seen.fate == "skipped":
        return None
    parts = [
        {"text": part.text} if part.result_of is None else {"result_of": part.result_of}
        for part in seen.parts
    ]
    return {
        "is_exact": seen.is_exact,
        "known_bytes": seen.known_bytes,
        "parts": parts if with_text else None,
        "cuts": [
            {"block": cut.block, "original_bytes": cut.original_bytes, "kept_bytes": cut.kept_bytes}
            for cut in seen.cuts
        ],
    }


def _shown_prompts(planned: PlannedRun) -> set[str]:
    room, shown = MAX_PROMPT_BYTES, set()
    for seen in planned.foreseen:
        room -= seen.known_bytes
        if room >= 0:
            shown.add(seen.step)
    return shown


def _keys(keys: StepKeys | None) -> dict[str, Any]:
    keys = keys or StepKeys()
    return {"sent": list(keys.sent), "missing": list(keys.missing), "takes_all": keys.takes_all}


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "cost_usd": written_usual(estimate.cost),
        "cost_missing": _missing(estimate.cost_missing),
        "duration_s": written_usual(estimate.duration),
        "duration_missing": _missing(estimate.duration_missing),
    }


def written_usual(usual: Money | Seconds | None) -> dict[str, Any] | None:
    """Return what is usual as clients get it: amounts of money as decimal texts."""
    if usual is None:
        return None
    return {
        "median": _plain(usual.median),
        "p90": None if usual.p90 is None else _plain(usual.p90),
        "basis": usual.basis,
        "samples": usual.samples,
    }


def _plain(value: Decimal | float) -> str | float:
    return f"{value:f}" if isinstance(value, Decimal) else value


def _missing(code: str | None) -> dict[str, str] | None:
    return None if code is None else {"code": code, "message": missing_sentence(code)}


def _assumptions(planned: PlannedRun) -> list[dict[str, Any]]:
    """Return what the estimates take for granted, in words and as facts."""
    whole = planned.estimates.whole
    by_step = [estimate.cost for estimate in planned.estimates.steps.values()]
    found: list[tuple[str, dict[str, int]]] = []
    if "steps" in {getattr(one, "basis", None) for one in (whole.cost, whole.duration)}:
        found.append(("every_step_runs", {}))
    if any(cost is not None and cost.basis == "prompt_size" for cost in by_step):
        found.append(("one_call_per_step", {}))
        params = {"bytes_per_token": BYTES_PER_TOKEN, "tokens_per_result": TOKENS_PER_RESULT}
        found.append(("size_of_texts", params))
    return [
        {"code": code, "params": params, "message": assumption_sentence(code, params)}
        for code, params in found
    ]
