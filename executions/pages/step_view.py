"""Parts of a step's page as plain values: where its input came from, how it was judged, and its attempts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from executions.models import AgentRun, ExecutionStep
from executions.pages.spending import Spending, noted_spending
from executions.wording import reason_sentence, status_words
from executions.wording.steps import STEP_CODES
from teams.wording import field_words, requirement_words
from teams.wording.conditions import value_words
from teams.workflow.plan import Json, PlanStep


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One source of the input: its words, and the step or context key that it leads to, "" for neither."""

    words: str
    step_id: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionLine:
    """One condition with what was seen. `verdict`: None where it could not be decided; `depth` from 0."""

    words: str
    seen: str
    verdict: bool | None
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLine:
    """One run in Suna, with what it took and cost."""

    run: AgentRun
    status_words: str
    sentence: str
    took_s: int | None
    waited_s: int | None
    spending: Spending


def build_sources(planned: PlanStep, titles: Mapping[str, str], *, is_frozen: bool) -> Sequence[SourceLine]:
    """Return where the step's input comes from, in the order of its prompt."""
    if planned.sources is None:
        return [SourceLine(words=_("the nearest result before it, or else the prompt of the execution"))]
    lines = []
    for source in planned.sources:
        if source.kind == "initial_prompt":
            lines.append(SourceLine(words=_("the prompt of the execution")))
        elif source.kind == "context":
            words = _("from the shared context: %(key)s") % {"key": source.key}
            lines.append(SourceLine(words=words, key=(source.key or "") if is_frozen else ""))
        else:
            name = source.step or ""
            words = _("the result of %(step)s") % {"step": titles.get(name, name)}
            lines.append(SourceLine(words=words, step_id=name))
    return lines


def build_condition_lines(
    record: Sequence[Mapping[str, Json]], titles: Mapping[str, str], *, depth: int = 0
) -> Sequence[ConditionLine]:
    """Return what was judged, line by line; what belongs to a group stands below it, one deeper."""
    lines: list[ConditionLine] = []
    for item in record:
        verdict = item.get("verdict")
        if "operator" in item:
            field = field_words(str(item.get("field")), titles)
            requirement = requirement_words(str(item["operator"]), item.get("value"))
            seen = _("there is none") if item.get("missing") else value_words(item.get("seen"))
            words = f"{field} {requirement}"
            lines.append(ConditionLine(words=words, seen=seen, verdict=verdict, depth=depth))
            continue
        for group, words in (("any", _("any of")), ("all", _("all of")), ("not", _("not"))):
            if group in item:
                inner = item[group] if isinstance(item[group], list) else [item[group]]
                lines.append(ConditionLine(words=words, seen="", verdict=verdict, depth=depth))
                lines += build_condition_lines(inner, titles, depth=depth + 1)
    return lines


def build_attempts(step: ExecutionStep) -> Sequence[AttemptLine]:
    """Return the step's runs in their order, in one query."""
    return [_attempt(run) for run in step.agent_runs.order_by("attempt", "turn")]


def json_text(value: Json) -> str:
    """Return a JSON value laid out for a reader, "" for none."""
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)


def _attempt(run: AgentRun) -> AttemptLine:
    took = run.finished_at - run.started_at if run.finished_at and run.started_at else None
    waited = run.started_at - run.created_at if run.started_at else None
    return AttemptLine(
        run=run,
        status_words=status_words(run.status),
        sentence=reason_sentence(run.code, {}) if run.code in STEP_CODES else "",
        took_s=None if took is None else int(took.total_seconds()),
        waited_s=None if waited is None else max(0, int(waited.total_seconds())),
        spending=noted_spending(run.individual_usage_metrics, run.individual_cost_metrics),
    )
