"""The most steps that may run at once, against every order in which they could."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teams.workflow.parsing import read_definition
from teams.workflow.plan import Plan, PlanStep
from teams.workflow.width import most_at_once
from tests.unit.workflow.checking import step, workflow


def width_of(document: Any) -> int:
    plan = read_definition(document).plan
    assert plan is not None
    return most_at_once(plan)


def after(*names: str, **more: Any) -> dict[str, Any]:
    return {"depends_on": list(names), **more}


@pytest.mark.parametrize(
    ("document", "width"),
    [
        (workflow("sequential", *(step(f"s{n}") for n in range(50))), 1),
        (workflow("parallel", *(step(f"s{n}") for n in range(50))), 50),
        (workflow("parallel", *(step(f"s{n}") for n in range(9)), limits={"max_parallel": 4}), 4),
        # One wave after the other has two at most, but a slow step may run beside those after a quick one.
        (
            workflow("graph", step("a"), step("b"), step("c", **after("a")), step("d", **after("a"))),
            3,
        ),
        (
            workflow(
                "graph",
                step("a"),
                step("b"),
                step("c", **after("a", "b", join="any_success")),
                step("d", **after("c")),
                step("e", **after("c")),
            ),
            3,
        ),
    ],
)
def test_the_width_of_known_workflows(document: Any, width: int) -> None:
    assert width_of(document) == width


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a plan of up to 7 steps, each after some of those before it."""
    steps = []
    for number in range(draw(st.integers(1, 7))):
        depends = tuple(f"s{n}" for n in range(number) if draw(st.booleans()))
        join = draw(st.sampled_from(["all_success", "any_success"])) if depends else None
        steps.append(PlanStep(id=f"s{number}", agent_id="a", depends=depends, join=join))
    return Plan(type="graph", chain=False, steps=tuple(steps), output_steps=())


def run_every_order(plan: Plan) -> int:
    """Return the most that run at once in any order in which steps may begin and end."""
    widest = 0
    seen: set[tuple[frozenset[str], frozenset[str]]] = set()
    waiting: list[tuple[frozenset[str], frozenset[str]]] = [(frozenset(), frozenset())]
    while waiting:
        state = waiting.pop()
        if state in seen:
            continue
        seen.add(state)
        running, over = state
        widest = max(widest, len(running))
        waiting += [(running - {name}, over | {name}) for name in running]
        for one in plan.steps:
            if one.id in running | over:
                continue
            enough = any if one.join == "any_success" else all
            if not one.depends or enough(name in over for name in one.depends):
                waiting.append((running | {one.id}, over))
    return widest


@settings(max_examples=150, deadline=None)
@given(plans())
def test_the_width_is_exactly_what_some_order_reaches(plan: Plan) -> None:
    assert most_at_once(plan) == run_every_order(plan)


def test_many_joins_that_any_success_ends_are_bounded_from_above_and_quickly() -> None:
    first = [step(f"a{n}") for n in range(10)]
    joins = [step(f"j{n}", **after(*(f"a{n}" for n in range(10)), join="any_success")) for n in range(20)]
    assert width_of(workflow("graph", *first, *joins)) == 30
