"""Where the steps of a picture go: nothing overlaps, arrows lead from box to box, time flows to the right."""

import re
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from teams.drawing import MAX_DRAWN, Box, Drawing, find_layout
from teams.drawing.layout import HEIGHT, WIDTH

NUMBER = re.compile(r"-?\d+\.?\d*")


def make_layout(steps: list[str], arrows: list[tuple[str, str]]) -> Drawing:
    drawing = find_layout(steps, arrows)
    assert drawing is not None
    return drawing


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    count = draw(st.integers(1, 12))
    steps = [f"step {number}" for number in range(count)]
    pairs = [(steps[a], steps[b]) for a, b in combinations(range(count), 2)]
    return steps, draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []


@settings(deadline=None)
@given(graphs())
def test_no_two_boxes_overlap_and_every_arrow_leads_to_the_right_from_box_to_box(graph):
    steps, arrows = graph
    drawing = make_layout(steps, arrows)

    assert [box.step_id for box in drawing.boxes] == steps
    for one, other in combinations(drawing.boxes, 2):
        assert abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT
    for box in drawing.boxes:
        assert box.x >= 0 <= box.y
        assert box.x + WIDTH <= drawing.width + 1
        assert box.y + HEIGHT <= drawing.height + 1
    places = {box.step_id: box for box in drawing.boxes}
    assert [(arrow.source, arrow.target) for arrow in drawing.arrows] == arrows
    for arrow in drawing.arrows:
        numbers = [float(number) for number in NUMBER.findall(arrow.path)]
        assert places[arrow.source].x < places[arrow.target].x
        assert touches(places[arrow.source], *numbers[:2])
        assert touches(places[arrow.target], *numbers[-2:])


def test_the_same_graph_has_the_same_picture_whatever_its_steps_are_called():
    odd = ["a;b", 'node [label="x"]', "\\N", "graph", "step ü"]
    plain = [str(number) for number in range(5)]
    arrows = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)]

    first = make_layout(odd, [(odd[a], odd[b]) for a, b in arrows])
    second = make_layout(plain, [(plain[a], plain[b]) for a, b in arrows])

    assert [arrow.path for arrow in first.arrows] == [arrow.path for arrow in second.arrows]
    assert [box.step_id for box in first.boxes] == odd


def test_what_nobody_could_read_has_no_picture():
    assert find_layout([], []) is None
    assert find_layout([str(number) for number in range(MAX_DRAWN + 1)], []) is None


def test_a_graphviz_that_fails_leaves_the_page_without_a_picture(monkeypatch, caplog):
    def fail(*args: object, **options: object) -> bytes:
        raise OSError("no such program")

    monkeypatch.setattr("pygraphviz.AGraph.draw", fail)

    assert find_layout(["alone in this test"], []) is None
    assert "cannot lay out" in caplog.text


def touches(box: Box, x: float, y: float) -> bool:
    return box.x - 2 <= x <= box.x + WIDTH + 2 and box.y - 2 <= y <= box.y + HEIGHT + 2


@settings(deadline=None)
@given(graphs())
def test_a_drawing_downwards_has_every_arrow_lead_down_and_no_two_boxes_overlap(graph):
    steps, arrows = graph
    drawing = find_layout(steps, arrows, is_downwards=True)

    assert drawing is not None
    places = {box.step_id: box for box in drawing.boxes}
    for one, other in combinations(drawing.boxes, 2):
        assert abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT
    for arrow in drawing.arrows:
        assert places[arrow.source].y < places[arrow.target].y
