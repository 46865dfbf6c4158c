"""What the catalogue and the connection say against a team's workflow. It runs all the same: Suna decides."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from teams.models import Agent, SunaConnection, Team
from teams.wording.catalogue import changed_words, keys_ignored_words, missing_words
from teams.workflow.parsing import Checked
from teams.workflow.plan import Json
from teams.workflow.problems import Problem, pointer_text

CATALOGUE_CODES = frozenset({"agent_missing", "agent_changed", "keys_ignored"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAgent:
    """An agent of the catalogue, as far as a workflow that names it is concerned."""

    agent_id: str
    name: str
    model_name: str
    missing_since: dt.datetime | None
    changed_at: dt.datetime | None
    changed_from: dict[str, str] = field(default_factory=dict)


def find_listed_agents(connection: SunaConnection) -> tuple[ListedAgent, ...] | None:
    """Return the connection's catalogue, missing agents included; None where it was never listed."""
    columns = ("agent_id", "name", "model_name", "missing_since", "changed_at", "changed_from")
    rows = Agent.objects.filter(connection=connection).values(*columns)
    listed = tuple(ListedAgent(**row) for row in rows)
    return listed if listed or connection.synced_at is not None else None


def catalogue_warnings(
    checked: Checked, *, team: Team, connection: SunaConnection, listed: Sequence[ListedAgent]
) -> tuple[Problem, ...]:
    """Return a warning for each step whose agent is missing or changed, and one for keys that nobody reads.

    An agent counts as changed where it did so after the team's workflow was published: saving it anew is how
    people say that it is fine.
    """
    published_at = team.published_version.created_at if team.published_version is not None else None
    agents = {agent.agent_id: agent for agent in listed}
    warnings = [
        warning
        for step in (checked.definition.steps if checked.definition else ())
        if step.agent_id in agents
        for warning in _of_agent(agents[step.agent_id], pointer_text((*step.at, "agent_id")), published_at)
    ]
    steps = checked.plan.steps if checked.plan else ()
    services = sorted({service for step in steps for service in step.services or ()})
    if services and ignores_user_keys(connection):
        params: dict[str, Json] = {"services": list(services)}
        warnings.append(Problem("", "keys_ignored", keys_ignored_words(services), params))
    return tuple(warnings)


def ignores_user_keys(connection: SunaConnection) -> bool:
    """Whether users' own keys are not sent on the connection, or sent to a Suna that does not read them."""
    reads = connection.capabilities.get("honours_user_keys")
    return not connection.sends_user_keys or reads is False


def _of_agent(agent: ListedAgent, pointer: str, published_at: dt.datetime | None) -> Iterable[Problem]:
    about: dict[str, Json] = {"agent_id": agent.agent_id, "name": agent.name}
    if agent.missing_since is not None:
        since = {"since": agent.missing_since.isoformat()}
        yield Problem(pointer, "agent_missing", missing_words(agent.name or agent.agent_id), about | since)
    elif agent.changed_at is not None and published_at is not None and agent.changed_at > published_at:
        now = {"name": agent.name, "model_name": agent.model_name}
        params: dict[str, Json] = {
            **about,
            "changed_at": agent.changed_at.isoformat(),
            "before": {**agent.changed_from},
            "now": {name: value for name, value in now.items() if name in agent.changed_from},
        }
        words = changed_words(agent.name or agent.agent_id, before=agent.changed_from, now=now)
        yield Problem(pointer, "agent_changed", words, params)
