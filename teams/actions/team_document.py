"""Reading a team's document, as `export_team` writes it: its workflow for the agents of a connection."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from teams.actions.catalogue_warnings import ListedAgent, find_listed_agents
from teams.actions.export_team import FORM
from teams.actions.refusal import InvalidInput, input_problem
from teams.models import SunaConnection
from teams.workflow.other_agents import list_agent_ids, with_other_agents
from teams.workflow.plan import Json
from teams.workflow.problems import Problem, excerpt, pointer_text

MAX_AGENTS = 50


class AgentsMissing(InvalidInput):
    """The connection does not have the agents that the document's workflow names."""

    code = "agents_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamDocument:
    """What a document says. `agents` and `agent_ids` stand as they were sent, to be read here."""

    definition: Json
    form: str = FORM
    agents: Json = None
    agent_ids: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A document's workflow for one connection, and which of its agents were replaced by which."""

    definition: Json
    replaced: Mapping[str, str] = field(default_factory=dict)


def fit_document(
    document: TeamDocument, *, connection: SunaConnection | None, kept: Collection[str] = ()
) -> Fitted:
    """Return the workflow with the connection's own agents.

    An agent is the one that `agent_ids` names for it, else the one with its id, else the only one with its
    name. Those in `kept` stand as they are where the connection has them no more: the team uses them already.
    Where the connection's agents were never listed, nobody knows better than the document. Raises
    InvalidInput for a document that cannot be read, and AgentsMissing with every agent that is not there.
    """
    if document.form != FORM:
        raise input_problem("/renum", "invalid_value", f"Renum reads documents of the form {FORM}.")
    names = _read_names(document.agents)
    given = _read_mapping(document.agent_ids)
    ids = list_agent_ids(document.definition)
    unused = [one for one in given if one not in ids]
    if unused:
        message = f"The workflow has no agent {excerpt(unused[0])}."
        raise input_problem(pointer_text(("agent_ids", unused[0])), "unknown_reference", message)
    listed = find_listed_agents(connection) if connection is not None else None
    found = {one: given.get(one) or _find(one, names.get(one), listed) for one in ids}
    found |= {one: one for one in kept if one in found and found[one] is None}
    missing = [one for one, other in found.items() if other is None]
    if missing:
        raise AgentsMissing(
            "The connection does not have all agents of the workflow. Say in agent_ids which ones to take.",
            problems=[_problem(one, names.get(one), document.definition, listed or ()) for one in missing],
        )
    replaced = {one: other for one, other in found.items() if other is not None and other != one}
    return Fitted(definition=with_other_agents(document.definition, replaced), replaced=replaced)


def _find(agent_id: str, name: str | None, listed: Sequence[ListedAgent] | None) -> str | None:
    if listed is None:
        return agent_id
    there = [agent for agent in listed if agent.missing_since is None]
    if any(agent.agent_id == agent_id for agent in there):
        return agent_id
    same = _same_name(name, there)
    return same[0].agent_id if len(same) == 1 else None


def _same_name(name: str | None, listed: Sequence[ListedAgent]) -> list[ListedAgent]:
    there = [agent for agent in listed if agent.missing_since is None]
    return [agent for agent in there if name and agent.name.casefold() == name.casefold()]


def _problem(agent_id: str, name: str | None, definition: Json, listed: Sequence[ListedAgent]) -> Problem:
    place = next(
        at
        for at, step in enumerate(definition["agents"])
        if isinstance(step, dict) and step.get("agent_id") == agent_id
    )
    same = [agent.agent_id for agent in _same_name(name, listed)]
    said = f"The connection has no agent {excerpt(agent_id)}"
    if same:
        message = f"{said}, and several that are called {excerpt(name or '')}."
    else:
        message = f"{said}, and none that is called {excerpt(name)}." if name else f"{said}."
    params: dict[str, Json] = {"agent_id": agent_id, "name": name, "candidates": same}
    return Problem(
        pointer_text(("definition", "agents", place, "agent_id")), "unknown_agent", message, params
    )


def _read_names(agents: Json) -> dict[str, str]:
    if agents is None:
        return {}
    if not isinstance(agents, list) or len(agents) > MAX_AGENTS:
        raise input_problem("/agents", "wrong_type", f"agents is a list of {MAX_AGENTS} at most.")
    names: dict[str, str] = {}
    for place, agent in enumerate(agents):
        known = isinstance(agent, dict) and set(agent) <= {"agent_id", "name"}
        if not known or not isinstance(agent.get("agent_id"), str):
            message = "An agent has an agent_id, and a name where it is known."
            raise input_problem(pointer_text(("agents", place)), "wrong_type", message)
        name = agent.get("name")
        if name is not None and not isinstance(name, str):
            raise input_problem(pointer_text(("agents", place, "name")), "wrong_type", "A name is a text.")
        if name:
            names[agent["agent_id"]] = name
    return names


def _read_mapping(agent_ids: Json) -> dict[str, str]:
    if agent_ids is None:
        return {}
    if not isinstance(agent_ids, dict) or len(agent_ids) > MAX_AGENTS:
        raise input_problem("/agent_ids", "wrong_type", "agent_ids says for ids which other ones to take.")
    for old, new in agent_ids.items():
        if not isinstance(new, str) or not new:
            message = "The id of an agent is a text."
            raise input_problem(pointer_text(("agent_ids", old)), "wrong_type", message)
    return agent_ids
