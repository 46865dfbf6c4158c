"""Which teams use an agent."""

import uuid
from dataclasses import dataclass

from teams.models import Agent, Team, User

MAX_TEAMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentUse:
    """One team that uses the agent, and the ids of the steps that do."""

    team: uuid.UUID
    name: str
    slug: str
    steps: tuple[str, ...]


def teams_using(agent: Agent, *, user: User) -> tuple[AgentUse, ...]:
    """Return those of the user's teams on the agent's connection whose published workflow names it.

    At most MAX_TEAMS, the newest first.
    """
    rows = Team.objects.for_user(user).filter(
        connection_id=agent.connection_id, published_version__source__contains=agent.agent_id
    )
    uses = []
    for team in rows.select_related("published_version").order_by("-id")[:MAX_TEAMS]:
        steps = _steps_of(team, agent.agent_id)
        if steps:
            uses.append(AgentUse(team=team.pk, name=team.name, slug=team.slug, steps=steps))
    return tuple(uses)


def _steps_of(team: Team, agent_id: str) -> tuple[str, ...]:
    # Saved workflows are valid: they have steps, each with an agent.
    agents = team.published_version.definition["agents"] if team.published_version else []
    return tuple(step.get("id", agent_id) for step in agents if step["agent_id"] == agent_id)
