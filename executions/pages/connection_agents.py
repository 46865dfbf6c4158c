"""The agents of a connection as its page lists them, with the teams of the reader that use them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Q

from teams.models import Agent, SunaConnection, Team, User

MAX_AGENTS = 200
MAX_TEAMS = 100
MAX_WORDS_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAgent:
    """One agent, and the reader's teams whose published workflow names it."""

    row: Agent
    teams: tuple[Team, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The agents that hold the `words`, those that went missing first; `found` of `listed` do.

    `teams` are the reader's on the connection, by name, MAX_TEAMS at most.
    """

    words: str
    agents: Sequence[ShownAgent]
    found: int
    listed: int
    teams: Sequence[Team]


def build_catalogue(connection: SunaConnection, *, reader: User, words: str) -> Catalogue:
    """Build it in four queries: agents whose name, id or model holds the words, in any case."""
    words = words.replace("\0", "").strip()[:MAX_WORDS_CHARS]
    agents = Agent.objects.filter(connection=connection)
    matching = agents
    if words:
        matching = agents.filter(
            Q(name__icontains=words) | Q(agent_id__icontains=words) | Q(model_name__icontains=words)
        )
    teams = Team.objects.for_user(reader).filter(connection=connection)
    on_it = list(teams.select_related("published_version").order_by("name", "pk")[:MAX_TEAMS])
    used = _teams_by_agent(on_it)
    found = matching.count()
    rows = matching.order_by(F("missing_since").desc(nulls_last=True), "name", "agent_id")[:MAX_AGENTS]
    return Catalogue(
        words=words,
        agents=[ShownAgent(row=row, teams=tuple(used.get(row.agent_id, ()))) for row in rows],
        found=found,
        listed=agents.count() if words else found,
        teams=on_it,
    )


def _teams_by_agent(teams: Sequence[Team]) -> dict[str, list[Team]]:
    used: dict[str, list[Team]] = {}
    for team in teams:
        if team.published_version is None:
            continue
        # Saved workflows are valid: they have steps, each with an agent.
        for agent_id in {step["agent_id"] for step in team.published_version.definition["agents"]}:
            used.setdefault(agent_id, []).append(team)
    return used
