"""Giving a definition other agents without changing what it does: the same steps, references and paths.

Pure: JSON values in and out. Nothing is judged here; what cannot be read stays as it is, for `parsing` to
refuse.
"""

from collections.abc import Mapping

from teams.workflow.plan import Json
from teams.workflow.raw_steps import steps_of, with_paths, with_root

_ROOTS = {"agent_": "_result"}


def list_agent_ids(definition: Json) -> list[str]:
    """Return the ids of the agents that a definition names, each once, in the order of its steps."""
    ids = (step.get("agent_id") for step in steps_of(definition))
    return list(dict.fromkeys(one for one in ids if isinstance(one, str)))


def with_other_agents(definition: Json, others: Mapping[str, str]) -> Json:
    """Return the definition with each agent of `others` replaced by the one it is mapped to.

    A step that was known by its agent's id is given that id as its own, so that whatever names it still does.
    References by agent that lead to a step with another id follow to the new agent.
    """
    others = {old: new for old, new in others.items() if old != new}
    if not others or not isinstance(definition, dict):
        return definition
    names = {step.get("id", step.get("agent_id")) for step in steps_of(definition) if _is_named(step)}
    followed = {old: new for old, new in others.items() if old not in names}
    replaced = {**definition}
    if isinstance(definition.get("agents"), list):
        replaced["agents"] = [_step(step, others, followed) for step in definition["agents"]]
    if isinstance(definition.get("output"), dict):
        replaced["output"] = {name: _path(path, followed) for name, path in definition["output"].items()}
    return replaced


def _is_named(step: Mapping[str, Json]) -> bool:
    return isinstance(step.get("id", step.get("agent_id")), str)


def _step(step: Json, others: Mapping[str, str], followed: Mapping[str, str]) -> Json:
    if not isinstance(step, dict):
        return step
    replaced = {
        key: _references(value, followed)
        if key in ("input", "depends_on")
        else with_paths(value, lambda path: _path(path, followed))
        if key == "conditions"
        else value
        for key, value in step.items()
    }
    agent_id = step.get("agent_id")
    if isinstance(agent_id, str) and agent_id in others:
        replaced["agent_id"] = others[agent_id]
        if "id" not in step:
            replaced = {"id": agent_id, **replaced}
    return replaced


def _references(value: Json, followed: Mapping[str, str]) -> Json:
    """Replace ids of agents in an input, however its sources are nested; `depends_on` names steps alike."""
    if isinstance(value, dict):
        return {
            key: followed.get(inner, inner)
            if key == "agent_id" and isinstance(inner, str)
            else _references(inner, followed)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [
            followed.get(inner, inner) if isinstance(inner, str) else _references(inner, followed)
            for inner in value
        ]
    return value


def _path(path: Json, followed: Mapping[str, str]) -> Json:
    """Replace the agent in `agent_<id>_result`, which is found as a reference by agent is (language §2)."""
    return with_root(path, followed, _ROOTS)
