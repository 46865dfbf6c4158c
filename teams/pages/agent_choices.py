"""The agents that a builder offers: what each is called on the page, and which one a typed name means."""

import difflib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from teams.actions.catalogue_warnings import find_listed_agents
from teams.builder import Sent
from teams.models import Team
from teams.pages import builder_words as words
from teams.workflow.plan import Json
from teams.workflow.raw_steps import steps_of

MOST_IN_A_LIST = 15
"""With more agents each step has a field to search in, and the page lists them once for all steps."""
MOST_SUGGESTED = 3
_LIKE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChoice:
    """One agent. `label` is its name, with its id where another agent has that name or id."""

    agent_id: str
    name: str
    label: str
    model: str
    is_missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChoices:
    """All agents of a connection by name; none where it was never listed."""

    agents: tuple[AgentChoice, ...] = ()
    _by_id: Mapping[str, AgentChoice] = field(default_factory=dict)
    _by_label: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_long(self) -> bool:
        """Whether there are too many for a list in each step."""
        return len(self.agents) > MOST_IN_A_LIST

    @property
    def names(self) -> dict[str, str]:
        """Names by id, of those that have one."""
        return {one.agent_id: one.name for one in self.agents if one.name}

    def options(self) -> list[tuple[str, str]]:
        """Return ids and labels to choose from; a missing one says so."""
        return [
            (one.agent_id, str(words.AGENT_MISSING) % {"name": one.label} if one.is_missing else one.label)
            for one in self.agents
        ]

    def label_of(self, agent_id: str) -> str:
        """Return what the page calls an agent: its label, or its id where it is not listed."""
        known = self._by_id.get(agent_id)
        return agent_id if known is None else known.label

    def find(self, typed: str) -> str:
        """Return the id that is meant by an id, a name or a label, in any case; the text where none is."""
        text = " ".join(typed.split())
        return text if text in self._by_id else self._by_label.get(text.casefold(), typed)

    def suggest(self, agent_id: str) -> list[str]:
        """Return labels like a text that is no agent of these: what holds it, then what is spelt alike."""
        text = agent_id.strip().casefold()
        if not text or agent_id in self._by_id:
            return []
        offered = {one.label.casefold(): one.label for one in self.agents if not one.is_missing}
        like = difflib.get_close_matches(text[:200], list(offered), n=MOST_SUGGESTED, cutoff=_LIKE)
        found = dict.fromkeys([*(label for label in offered if text in label), *like])
        return [offered[label] for label in list(found)[:MOST_SUGGESTED]]


def find_agent_choices(team: Team | None) -> AgentChoices:
    """Return the agents of the team's connection."""
    listed = find_listed_agents(team.connection) if team and team.connection else None
    if not listed:
        return AgentChoices()
    ids = {one.agent_id.casefold() for one in listed}
    shared = Counter(one.name.casefold() for one in listed)
    agents = []
    for one in sorted(listed, key=lambda agent: (agent.name.casefold(), agent.agent_id)):
        name = " ".join(one.name.split())
        is_clear = name and shared[one.name.casefold()] == 1 and name.casefold() not in ids
        label = name if is_clear else _with_id(name, one.agent_id)
        agents.append(
            AgentChoice(
                agent_id=one.agent_id,
                name=one.name,
                label=label,
                model=one.model_name,
                is_missing=one.missing_since is not None,
            )
        )
    full = {_with_id(one.name, one.agent_id).casefold(): one.agent_id for one in agents}
    return AgentChoices(
        agents=tuple(agents),
        _by_id={one.agent_id: one for one in agents},
        _by_label=full | {one.label.casefold(): one.agent_id for one in agents},
    )


def with_agents_found(sent: Sent, *, base: Json, agents: AgentChoices) -> Sent:
    """Return what a form sent with each agent's name replaced by its id.

    A field that stands as the page showed it means the agent that was there, listed or not.
    """
    found = dict(sent)
    for position, step in enumerate(steps_of(base)):
        name, held = f"s{position}-agent_id", step.get("agent_id")
        if not found.get(name):
            continue
        typed = found[name][-1]
        if not (isinstance(held, str) and typed == agents.label_of(held)):
            held = agents.find(typed)
        found[name] = [held]
    return found


def _with_id(name: str, agent_id: str) -> str:
    return f"{' '.join(name.split())} ({agent_id})" if name else agent_id
