"""Circles of steps, found without recursion; ends."""

import itertools
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teams.workflow.graph import ends, find_cycles
from teams.workflow.parsing import read_definition
from tests.unit.workflow.checking import compared, problems, step, workflow


def ring(size: int) -> dict[str, tuple[str, ...]]:
    return {f"s{n}": (f"s{(n + 1) % size}",) for n in range(size)}


@pytest.mark.parametrize("size", [2, 3, 100, 10_000])
def test_a_ring_is_one_circle_of_all_its_steps(size: int) -> None:
    (circle,) = find_cycles(ring(size))

    assert circle == [f"s{n}" for n in range(size)] + ["s0"]


def test_a_chain_of_ten_thousand_steps_and_a_diamond_have_no_circle() -> None:
    chain = {f"s{n}": (f"s{n + 1}",) for n in range(9_999)} | {"s9999": ()}
    diamond: dict[str, tuple[str, ...]] = {
        "end": ("left", "right"),
        "left": ("top",),
        "right": ("top",),
        "top": (),
    }

    assert find_cycles(chain) == []
    assert find_cycles(diamond) == []
    assert ends(diamond) == ("end",)


def test_two_knots_give_two_circles_each_the_shortest_from_its_first_step() -> None:
    edges: dict[str, tuple[str, ...]] = {
        "a": ("b",),
        "b": ("c", "a"),
        "c": ("a",),
        "d": ("a", "e"),
        "e": ("f",),
        "f": ("d",),
        "g": ("d",),
    }

    assert find_cycles(edges) == [["a", "b", "a"], ["d", "e", "f", "d"]]


NODES = [f"s{n}" for n in range(7)]
GRAPHS = st.fixed_dictionaries({node: st.sets(st.sampled_from(NODES), max_size=3) for node in NODES})


@settings(deadline=None)
@given(GRAPHS)
def test_a_graph_has_a_circle_exactly_where_some_step_reaches_itself(graph: dict[str, set[str]]) -> None:
    edges = {node: tuple(sorted(others)) for node, others in graph.items()}
    reach = {node: set(others) for node, others in graph.items()}
    for middle in NODES:
        for node in NODES:
            if middle in reach[node]:
                reach[node] |= reach[middle]

    circles = find_cycles(edges)

    assert bool(circles) == any(node in reach[node] for node in NODES)
    for circle in circles:
        assert circle[0] == circle[-1]
        assert all(later in edges[earlier] for earlier, later in itertools.pairwise(circle))


def test_an_else_waits_for_its_group_when_circles_are_looked_for() -> None:
    document = workflow(
        "conditional",
        step("a", conditions=[compared("steps.rest.data.x")]),
        step("rest", conditions="else"),
    )

    (problem,) = read_definition(document).problems
    assert (problem.code, problem.params) == ("cycle", {"path": ["a", "rest", "a"]})


def test_a_circle_is_reported_beside_other_problems() -> None:
    document = workflow(
        "graph",
        step("a", depends_on=["b"]),
        step("b", depends_on=["a"], join="some"),
        step("c", depends_on=["ghost"]),
    )

    assert problems(document) == [
        ("/agents/0", "cycle"),
        ("/agents/1/join", "invalid_value"),
        ("/agents/2/depends_on/0", "unknown_reference"),
    ]


def test_ten_thousand_agents_are_refused_for_their_number_in_less_than_fifty_milliseconds() -> None:
    document: Any = workflow("graph", *(step(f"a{n}", depends_on=["x"] * 3) for n in range(10_000)))
    begin = time.process_time()

    found = problems(document)

    assert time.process_time() - begin < 0.05
    assert found == [("/agents", "too_many_agents")]
