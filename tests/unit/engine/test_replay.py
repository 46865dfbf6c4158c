"""The engine decides of every recorded history as the release that recorded it did."""

import json
from pathlib import Path

import pytest

from tests.fixtures.figures import Figure
from tests.unit.engine.replay import find_histories, replay

TYPES = {"sequential", "parallel", "conditional", "graph"}


@pytest.mark.parametrize("path", find_histories(), ids=lambda path: f"{path.parent.name} {path.stem}")
def test_the_engine_decides_as_it_did(path: Path):
    history = json.loads(path.read_text("utf-8"))

    differing = {name: (then, now) for name, then, now in replay(history) if then != now}

    assert differing == {}


def test_every_type_of_workflow_is_recorded(figure: Figure):
    histories = [json.loads(path.read_text("utf-8")) for path in find_histories()]

    assert {history["type"] for history in histories} >= TYPES
    decisions = [then for history in histories for _, then, _ in replay(history)]
    assert sum(len(then) for then in decisions) > len(decisions) / 2
    figure("replayed_histories", len(histories))
    figure("replayed_decisions", sum(len(then) for then in decisions))


def test_a_history_tells_when_the_engine_decides_otherwise():
    history = json.loads(find_histories()[0].read_text("utf-8"))
    started = history["turns"][0]["decisions"]["as_it_stands"][0]
    assert started["decision"] == "StartStep"
    started["attempt"] += 1

    differing = [name for name, then, now in replay(history) if then != now]

    assert differing == ["turn 0, as_it_stands"]
