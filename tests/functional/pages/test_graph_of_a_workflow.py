"""The picture of a workflow: a second drawing for narrow screens, and conditions in words at the arrows."""

from typing import Any

import pytest
from django.template.loader import render_to_string

from teams.pages.graph_view import MAX_TALL, GraphView, build_graph
from teams.workflow.parsing import read_definition
from tests.fixtures.people import CONDITIONAL


def graph_of(definition: Any) -> GraphView:
    plan = read_definition(definition).plan
    assert plan is not None
    graph = build_graph(plan, agents={})
    assert graph is not None
    return graph


def of_steps(kind: str, count: int) -> dict[str, Any]:
    return {"type": kind, "agents": [{"agent_id": f"a{at}", "id": f"s{at}"} for at in range(count)]}


@pytest.mark.parametrize(
    ("definition", "is_tall"),
    [
        (of_steps("sequential", 1), False),
        (of_steps("sequential", 3), True),
        (of_steps("parallel", 6), False),
        (of_steps("sequential", MAX_TALL + 1), False),
    ],
)
def test_a_second_drawing_is_there_where_it_is_narrower(definition: Any, is_tall: bool) -> None:
    graph = graph_of(definition)

    assert (graph.tall is not None) is is_tall
    if graph.tall:
        assert graph.tall.width < 350 < graph.wide.width
        page = render_to_string("teams/graph.html", {"graph": graph})
        assert page.count('id="node-s1"') == page.count('id="tall-s1"') == 1
        assert page.count('id="wide-head"') == page.count('id="tall-head"') == 1


def test_an_arrow_to_a_step_with_conditions_says_them_in_words() -> None:
    arrows = graph_of(CONDITIONAL).wide.arrows

    told = [arrow.told for arrow in arrows if arrow.told]
    assert told
    assert all(" → " in one and len(one.splitlines()) > 1 for one in told)
    assert not any(arrow.told for arrow in graph_of(of_steps("sequential", 3)).wide.arrows)


def test_two_drawings_of_many_steps_stay_small() -> None:
    page = render_to_string("teams/graph.html", {"graph": graph_of(of_steps("sequential", MAX_TALL))})

    assert len(page) < 40_000
