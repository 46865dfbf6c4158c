"""One step's references, resolved: the sources of its input, its conditions, and the steps it waits for."""

from collections.abc import Sequence
from dataclasses import dataclass

from teams.workflow.definition import (
    ComparisonItem,
    ConditionItem,
    Definition,
    GroupItem,
    InputSource,
    Reference,
    StepDefinition,
)
from teams.workflow.paths import resolve_path
from teams.workflow.plan import AllOf, AnyOf, Comparison, Condition, Not, Source
from teams.workflow.references import Roster


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedStep:
    """What a step's references came to. Positions count from 0 in document order.

    `named` are the steps that its input, conditions and depends_on name; the predecessor in a chain is not
    among them unless it is named. `sources` is None for the default input of a chain.
    """

    step: StepDefinition
    sources: tuple[Source, ...] | None
    combined: bool
    conditions: tuple[Condition, ...]
    condition_steps: tuple[str, ...]
    named: frozenset[str]


def link_step(step: StepDefinition, *, definition: Definition, roster: Roster) -> LinkedStep:
    """Return the step with every reference resolved; what cannot be resolved is refused and left out."""
    depends_on = tuple(
        dict.fromkeys(step_id for item in step.depends_on if (step_id := roster.resolve(item)))
    )
    sources, combined = _sources(step, depends_on, definition, roster)
    listed = step.conditions if isinstance(step.conditions, tuple) else ()
    conditions = _conditions(listed, roster)
    condition_steps = _steps_of(conditions)
    return LinkedStep(
        step=step,
        sources=sources,
        combined=combined,
        conditions=conditions,
        condition_steps=tuple(sorted(condition_steps, key=roster.by_id.__getitem__)),
        named=frozenset(depends_on)
        | condition_steps
        | {source.step for source in sources or () if source.step},
    )


def _sources(
    step: StepDefinition, depends_on: Sequence[str], definition: Definition, roster: Roster
) -> tuple[tuple[Source, ...] | None, bool]:
    """Return the sources and whether they are combined; where nothing is written, the defaults."""
    if step.input is not None:
        resolved = tuple(source for item in step.input.sources if (source := _source(item, roster)))
        return resolved, step.input.combined
    if definition.is_chain:
        return None, False
    if depends_on:
        return tuple(Source(kind="agent_result", step=step_id) for step_id in depends_on), True
    return (Source(kind="initial_prompt"),), False


def _source(item: InputSource, roster: Roster) -> Source | None:
    if item.reference is not None:
        step_id = roster.resolve(item.reference)
        return Source(kind="agent_result", step=step_id) if step_id else None
    if item.key is not None:
        owner = item.key.removeprefix("agent_").removesuffix("_result")
        if item.key == f"agent_{owner}_result" and owner in roster.ids:
            # The key under which a step's own result stands in the context: the same as naming the step.
            return _source(
                InputSource(
                    at=item.at,
                    kind="agent_result",
                    reference=Reference(at=(*item.at, "key"), name=owner, by="step"),
                ),
                roster,
            )
        return Source(kind="context", key=item.key)
    return Source(kind="initial_prompt")


def _conditions(items: Sequence[ConditionItem], roster: Roster) -> tuple[Condition, ...]:
    # The recursion is bounded: the parser takes no deeper nesting than `condition_parsing.MAX_NESTING`.
    return tuple(condition for item in items if (condition := _condition(item, roster)))


def _condition(item: ConditionItem, roster: Roster) -> Condition | None:
    if isinstance(item, ComparisonItem):
        path = resolve_path(item.field, roster)
        if path is None:
            return None
        return Comparison(path=path, operator=item.operator, value=item.value, ignore_case=item.ignore_case)
    return _group(item, _conditions(item.items, roster))


def _group(item: GroupItem, items: tuple[Condition, ...]) -> Condition | None:
    if item.kind == "any":
        return AnyOf(items=items)
    if item.kind == "all":
        return AllOf(items=items)
    return Not(item=items[0]) if items else None


def _steps_of(conditions: Sequence[Condition]) -> frozenset[str]:
    steps: set[str] = set()
    waiting = list(conditions)
    while waiting:
        condition = waiting.pop()
        if isinstance(condition, Comparison):
            if condition.path.step is not None:
                steps.add(condition.path.step)
        elif isinstance(condition, Not):
            waiting.append(condition.item)
        else:
            waiting.extend(condition.items)
    return frozenset(steps)
