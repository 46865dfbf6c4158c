"""Making a team of a template: its workflow, with the agents that a person chose for its roles."""

from collections.abc import Mapping

from teams.actions.create_team import create_team
from teams.actions.refusal import InvalidInput
from teams.gallery import TeamTemplate
from teams.models import Agent, SunaConnection, Team, User
from teams.workflow.other_agents import with_other_agents
from teams.workflow.problems import Problem, pointer_text


class RolesOpen(InvalidInput):
    """Not every role of the template has an agent that the connection offers."""

    code = "roles_open"


def use_template(
    *,
    by: User,
    template: TeamTemplate,
    connection: SunaConnection | None,
    agents: Mapping[str, str],
    name: str = "",
) -> Team:
    """Make a team of the template; `agents` are the connection's agent ids by role.

    Without a `name` it is called as the template is. One agent may have several roles. Raises RolesOpen with
    every role that lacks an agent, InvalidInput, and TeamNameTaken.
    """
    known = {role.key for role in template.roles}
    listed = (
        Agent.objects.filter(connection=connection, missing_since=None)
        if connection
        else Agent.objects.none()
    )
    # All of them: what was sent is compared here, and never sent to the database.
    offered = set(listed.values_list("agent_id", flat=True))
    problems = [
        Problem(pointer_text(("agents", role.key)), "required", f"Choose an agent for {role.name}.", {})
        for role in template.roles
        if agents.get(role.key) not in offered
    ]
    problems += [
        Problem(pointer_text(("agents", key)), "unknown_field", "The template has no such role.", {})
        for key in agents
        if key not in known
    ]
    if problems:
        raise RolesOpen("Choose an agent of the connection for each role.", problems=problems)
    return create_team(
        owner=by,
        name=name or template.name,
        definition=with_other_agents(template.definition, agents),
        description=template.summary,
        connection=connection,
    )
