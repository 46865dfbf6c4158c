"""Other agents in a definition: the same graph, whatever named what."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from teams.workflow.other_agents import list_agent_ids, with_other_agents
from teams.workflow.parsing import read_definition
from teams.workflow.plan import Plan

EXAMPLES = Path(__file__).resolve().parents[2] / "data" / "examples"


def plan_of(definition: Any) -> Plan:
    checked = read_definition(definition)
    assert checked.plan is not None, checked.problems
    return checked.plan


def shape_of(plan: Plan, agents: dict[str, str]) -> Any:
    """Return the plan with its agents mapped; the words of paths, which name agents, aside."""
    built = msgspec.to_builtins(plan)
    for step in built["steps"]:
        step["agent_id"] = agents.get(step["agent_id"], step["agent_id"])

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(inner) for key, inner in value.items() if key != "text"}
        return [strip(inner) for inner in value] if isinstance(value, list | tuple) else value

    return strip(built)


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.json")))
def test_an_example_with_other_agents_has_the_same_plan(name: str) -> None:
    definition = json.loads((EXAMPLES / f"{name}.json").read_text())
    others = {agent_id: f"other-{agent_id}" for agent_id in list_agent_ids(definition)}

    replaced = with_other_agents(definition, others)

    assert list_agent_ids(replaced) == list(others.values())
    assert shape_of(plan_of(replaced), {}) == shape_of(plan_of(definition), others)


def test_what_names_an_agent_of_a_step_with_an_id_follows_to_the_new_agent() -> None:
    definition = {
        "type": "graph",
        "agents": [
            {"id": "first", "agent_id": "a.1"},
            {
                "id": "second",
                "agent_id": "b",
                "input": {
                    "source": "combined",
                    "sources": [{"type": "agent_result", "agent_id": "a.1"}, {"type": "initial_prompt"}],
                },
                "conditions": [
                    {
                        "any": [
                            {
                                "field": "agent_a.1_result.kind",
                                "operator": "equals",
                                "value": "agent_a.1_result",
                            }
                        ]
                    }
                ],
            },
            {"id": "third", "agent_id": "c", "depends_on": ["b"]},
        ],
        "output": {"answer": "agent_b_result.text"},
    }
    others = {"a.1": "new.a", "b": "new-b"}

    replaced = with_other_agents(definition, others)

    assert shape_of(plan_of(replaced), {}) == shape_of(plan_of(definition), others)
    condition = replaced["agents"][1]["conditions"][0]["any"][0]
    assert condition["field"] == "agent_new.a_result.kind"
    # A value is data, whatever it looks like.
    assert condition["value"] == "agent_a.1_result"


def test_swapping_two_agents_swaps_them() -> None:
    definition = {"type": "sequential", "agents": [{"agent_id": "a"}, {"agent_id": "b"}]}

    replaced = with_other_agents(definition, {"a": "b", "b": "a"})

    assert [(step["id"], step["agent_id"]) for step in replaced["agents"]] == [("a", "b"), ("b", "a")]


def test_what_cannot_be_read_stays_as_it_is() -> None:
    for odd in (None, 5, [], {"agents": None}, {"agents": [3, {"agent_id": 7}]}):
        assert with_other_agents(odd, {"a": "b"}) == odd
        assert list_agent_ids(odd) == []
