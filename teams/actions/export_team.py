"""A team as one JSON document: to be kept beside code, and to make or change a team from elsewhere.

It holds no secret and no id of this site but those of Suna's agents, which the workflow names anyway. The
form has a version of its own, in `renum`.
"""

from typing import Any

from teams.actions.audit import audited
from teams.actions.refusal import Refusal
from teams.models import Agent, Team, User
from teams.workflow.other_agents import list_agent_ids

FORM = "team/v1"


class NoWorkflow(Refusal):
    """The team has no workflow yet."""

    code = "no_workflow"


@audited("team_exported", about="team")
def export_team(*, team: Team, by: User, schema_url: str) -> dict[str, Any]:
    """Return the document of the team with its published workflow.

    `schema_url` is where the language's JSON Schema is: editors that know it complete and check. Raises
    NoWorkflow.
    """
    if team.published_version is None:
        raise NoWorkflow("The team has no workflow yet: there is nothing to export.")
    definition = team.published_version.definition
    ids = list_agent_ids(definition)
    rows = Agent.objects.filter(connection_id=team.connection_id, agent_id__in=ids)
    names = dict(rows.values_list("agent_id", "name"))
    return {
        "renum": FORM,
        "name": team.name,
        "slug": team.slug,
        "description": team.description,
        "agents": [{"agent_id": agent_id, "name": names.get(agent_id) or None} for agent_id in ids],
        "definition": {"$schema": schema_url, **definition},
    }
