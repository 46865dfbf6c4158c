"""Giving an agent the team's MCP server: through Suna's own API, or as somebody says who did it there."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

from asgiref.sync import async_to_sync
from django.db import transaction

from executions.actions.connection_rights import SunaUnusable, check_may_manage, refuse_for
from executions.agent_service import AgentService, AgentServiceError, NotFound, ToolServer
from executions.orchestrator.connections import open_connection
from executions.orchestrator.team_server import team_server
from executions.suna.wire import PROFILES
from teams.actions.audit import record
from teams.actions.refusal import Refusal
from teams.models import Agent, SunaConnection, User
from teams.models.encrypted_text import Undecryptable

How = Literal["suna", "by_hand"]


class NoTeamServer(Refusal):
    """The agent cannot be given the server.

    We have no address (`no_public_url`), its Suna edits no agents (`takes_no_tools`) or knows it no more
    (`agent_missing`).
    """

    code = "no_public_url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The agent as it is now, and which of its fields Suna changed as it saved, to be put right there."""

    agent: Agent
    changed: tuple[str, ...] = ()


def takes_tools(connection: SunaConnection) -> bool:
    """Whether agents of this Suna can be given the server from here, as far as is known of it."""
    profile = PROFILES.get(connection.wire_profile)
    return profile is not None and profile.capabilities.edits_agents


def give_team_server(
    *,
    agent: Agent,
    by: User | None,
    how: How = "suna",
    server: ToolServer | None = None,
    anywhere: bool = False,
) -> Given:
    """Give the agent the server in Suna, unless somebody did (`by_hand`); its runs get tokens from then on.

    `server`: another address than the settings'. `anywhere`: the operator set the address of its Suna up.
    Raises NotAllowed, NoTeamServer and SunaUnusable. No transaction may be open: this waits for the network.
    """
    check_may_manage(by, agent.connection)
    server = server or team_server()
    if server is None:
        message = "The site has no public address: its operator sets RENUM_PUBLIC_URL."
        raise NoTeamServer(message)
    changed: tuple[str, ...] = ()
    if how == "suna":
        changed = _attach(agent, server, anywhere=anywhere)
    _note(agent, has=True, by=by, details={"how": how, "changed": list(changed)})
    return Given(agent=agent, changed=changed)


def take_team_server(*, agent: Agent, by: User | None) -> Agent:
    """Give its runs no tokens any more. What Suna keeps is of no use without one. Raises NotAllowed."""
    check_may_manage(by, agent.connection)
    _note(agent, has=False, by=by, details={})
    return agent


def _note(agent: Agent, *, has: bool, by: User | None, details: dict[str, object]) -> None:
    about, details = agent.connection, {"agent": agent.agent_id, **details}
    with transaction.atomic():
        Agent.objects.filter(pk=agent.pk).update(has_team_server=has)
        if has:
            record("team_server_given", by=by, about=about, details=details)
        else:
            record("team_server_taken", by=by, about=about, details=details)
    agent.has_team_server = has


def _attach(agent: Agent, server: ToolServer, *, anywhere: bool) -> tuple[str, ...]:
    if not agent.connection.wire_profile:
        message = "It is not known which Suna this is. Test the connection first."
        raise SunaUnusable(message, code="no_profile")
    if not takes_tools(agent.connection):
        message = "Agents of this Suna cannot be given tools from here. Add the server in Suna, by hand."
        raise NoTeamServer(message, code="takes_no_tools")
    try:
        client = open_connection(agent.connection, anywhere=anywhere)
        changed: tuple[str, ...] = async_to_sync(partial(_ask, client, agent.agent_id, server))()
    except NotFound:
        message = "Suna does not know this agent any more. List its agents again."
        raise NoTeamServer(message, code="agent_missing") from None
    except AgentServiceError as error:
        raise refuse_for(error) from None
    except Undecryptable:
        message = "The connection's credential cannot be read. Give it again."
        raise SunaUnusable(message, code="credential_unreadable") from None
    return changed


async def _ask(client: AgentService, agent_id: str, server: ToolServer) -> tuple[str, ...]:
    try:
        return await client.attach_tools(agent_id, server)
    finally:
        await client.aclose()
