"""Histories of the engine's decisions, recorded with each release and replayed against the present engine.

A history holds the plan, and for each moment at which the engine was asked the state, the time and what was
decided: as things stood, and had somebody cancelled, paused or had the deadline passed. An execution may
be years old when it goes on: what its plan and state meant then, they must mean now.

`python -m tests.unit.engine.replay` records this release under tests/data/replay. A release that is out is
never recorded again; where a decision changes on purpose, its history says so by being changed by hand.
"""

import dataclasses
import datetime as dt
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from executions.engine.decide import decide
from executions.engine.decisions import Decision
from executions.engine.state import ExecutionState
from teams.workflow.parsing import read_definition
from teams.workflow.plan import Plan, plan_from_json, plan_to_json
from tests.unit.engine.clockwork import Clockwork, make_state, without_retry_waits

ROOT = Path(__file__).parents[3]
RECORDED = ROOT / "tests" / "data" / "replay"
CASES = ROOT / "tests" / "conformance"


def variants(state: ExecutionState, now: dt.datetime) -> Iterator[tuple[str, ExecutionState, dt.datetime]]:
    """Give the state as it stands and as it might have stood, each with a name and a time."""
    yield "as_it_stands", state, now
    yield "cancelled", dataclasses.replace(state, cancel_requested=True), now
    yield "paused", dataclasses.replace(state, paused=True), now
    yield "late", state, state.deadline_at + dt.timedelta(seconds=1)


def decided(plan: Plan, state: ExecutionState, now: dt.datetime) -> list[dict[str, Any]]:
    """Return what the engine decides, as JSON."""
    return [_plain(decision) for decision in decide(plan, state, now)]


def record(case: Mapping[str, Any]) -> dict[str, Any]:
    """Run a conformance case on the engine and return its history."""
    plan = read_definition(case["definition"]).plan
    assert plan is not None
    plan = without_retry_waits(plan)
    moments: list[tuple[ExecutionState, dt.datetime]] = []
    world = Clockwork(plan, make_state(plan, prompt=case["prompt"]), case.get("agents", {}))
    world.observe = lambda before, after, decision: moments.append((before, world.now))
    world.run()
    moments.append((world.state, world.now))
    turns = [
        {
            "state": msgspec.to_builtins(state),
            "now": now.isoformat(),
            "decisions": {name: decided(plan, stood, then) for name, stood, then in variants(state, now)},
        }
        for state, now in _each_once(moments)
    ]
    return {"type": case["definition"].get("type"), "plan": plan_to_json(plan), "turns": turns}


def replay(history: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]]:
    """Give for each recorded question its name, what was decided then, and what is decided now.

    Of what is decided now only what could be said then is given.
    """
    plan = plan_from_json(history["plan"])
    for number, turn in enumerate(history["turns"]):
        state = msgspec.convert(turn["state"], ExecutionState)
        now = dt.datetime.fromisoformat(turn["now"])
        for name, stood, then in variants(state, now):
            recorded = turn["decisions"][name]
            yield f"turn {number}, {name}", recorded, _as_then(recorded, decided(plan, stood, then))


def find_histories() -> list[Path]:
    """Return every recorded history of every release."""
    return sorted(RECORDED.glob("*/*.json"))


def _as_then(recorded: list[dict[str, Any]], decisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(recorded) != len(decisions):
        return decisions
    return [
        {name: value for name, value in decision.items() if name in old}
        for old, decision in zip(recorded, decisions, strict=True)
    ]


def _each_once(
    moments: list[tuple[ExecutionState, dt.datetime]],
) -> Iterator[tuple[ExecutionState, dt.datetime]]:
    seen = set()
    for state, now in moments:
        key = (msgspec.json.encode(state), now)
        if key not in seen:
            seen.add(key)
            yield state, now


def _plain(decision: Decision) -> dict[str, Any]:
    # Through JSON, as it is read back: a tuple has become a list.
    plain: dict[str, Any] = json.loads(msgspec.json.encode(decision))
    return {"decision": type(decision).__name__, **plain}


def main() -> None:
    """Record this release, unless it is recorded."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    folder = RECORDED / version
    if folder.exists():
        sys.exit(f"{version} is recorded already.")
    folder.mkdir(parents=True)
    for path in sorted(CASES.glob("*.json")):
        history = record(json.loads(path.read_text("utf-8")))
        text = json.dumps(history, ensure_ascii=False, indent=None, separators=(",", ":"))
        (folder / path.name).write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
