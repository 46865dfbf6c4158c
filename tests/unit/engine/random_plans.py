"""Hypothesis strategies: any plan that the language could compile, of up to eight steps."""

from typing import Any

from hypothesis import strategies as st

from teams.workflow.plan import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Not,
    Path,
    Plan,
    PlanStep,
    RetryPolicy,
)
from tests.unit.engine.plans import make_plan, make_step

OPERATORS = ["equals", "not_equals", "exists", "is_empty", "contains", "gt", "matches", "is_true"]


def comparisons(names: list[str]) -> st.SearchStrategy[Condition]:
    def build(name: str, root: Any, operator: str, value: Any, segments: Any) -> Condition:
        of_step = root in ("text", "data", "status", "result")
        if root == "context" and not segments:
            # No path names the whole context: a key follows in the language.
            segments = ["a"]
        path = Path(
            text=f"{root}.{name}", root=root, step=name if of_step else None, segments=tuple(segments)
        )
        return Comparison(path=path, operator=operator, value=value)

    roots = ["text", "data", "status", "result"] if names else []
    return st.builds(
        build,
        st.sampled_from(names or ["none"]),
        st.sampled_from([*roots, "context", "initial_prompt"]),
        st.sampled_from(OPERATORS),
        st.sampled_from(["completed", "failed", "a", 1, True, None]),
        st.lists(st.sampled_from(["a", "n", "0"]), max_size=2),
    )


def conditions(names: list[str]) -> st.SearchStrategy[Condition]:
    return st.recursive(
        comparisons(names),
        lambda inner: (
            st.builds(lambda items: AnyOf(items=tuple(items)), st.lists(inner, min_size=1, max_size=2))
            | st.builds(lambda items: AllOf(items=tuple(items)), st.lists(inner, min_size=1, max_size=2))
            | st.builds(lambda item: Not(item=item), inner)
        ),
        max_leaves=3,
    )


def named_in(condition: Condition) -> set[str]:
    match condition:
        case Comparison(path=path):
            return set() if path.step is None else {path.step}
        case Not(item=item):
            return named_in(item)
        case AnyOf(items=items) | AllOf(items=items):
            return {name for item in items for name in named_in(item)}


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    chain = draw(st.booleans())
    steps: list[PlanStep] = []
    for number in range(draw(st.integers(1, 8))):
        earlier = [step.id for step in steps]
        asked = draw(st.lists(conditions(earlier), max_size=2)) if draw(st.booleans()) else []
        conditioned = [step.id for step in steps if step.conditions]
        group = None
        if not asked and conditioned and draw(st.booleans()):
            group = tuple(draw(st.lists(st.sampled_from(conditioned), min_size=1, unique=True)))
        named = {name for condition in asked for name in named_in(condition)}
        wanted = set(draw(st.lists(st.sampled_from(earlier), max_size=3))) if earlier else set()
        wanted |= named | ({earlier[-1]} if chain and earlier else set())
        steps.append(
            make_step(
                f"s{number}",
                *[name for name in earlier if name in wanted],
                join=None
                if chain
                else draw(st.sampled_from(["all_success", "none_failed", "all_done", "any_success"])),
                conditions=tuple(asked),
                condition_steps=tuple(name for name in earlier if name in named),
                else_group=group,
                on_error=draw(st.sampled_from(["fail", "continue", "continue"])),
                retry=RetryPolicy(max_attempts=draw(st.integers(1, 3))),
                output_schema=draw(st.sampled_from([None, None, {"type": "object", "required": ["a"]}])),
            )
        )
    # The document need not be written in the order in which its steps can run.
    written = steps if chain else draw(st.permutations(steps))
    needed = {name for step in steps for name in step.depends}
    outputs = [steps[-1].id] if chain else [step.id for step in written if step.id not in needed]
    return make_plan(
        *written,
        output_steps=outputs,
        chain=chain,
        type="sequential" if chain else "graph",
        max_parallel=draw(st.none() | st.integers(1, 3)),
    )


TEXTS = (
    st.sampled_from(['{"a": 1}', '{"a": "a", "n": [2]}', "a", "[1, 2]", "```json\n{}\n```", "", "{"])
    | st.text(st.characters(codec=None), max_size=8)
    | st.none()
)
CODES = st.sampled_from(["agent_failed", "timeout", "denied", "crashed", "run_vanished"])
