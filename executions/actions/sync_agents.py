"""Bringing the catalogue of a connection's agents up to date with Suna."""

from collections.abc import Sequence
from dataclasses import dataclass

from asgiref.sync import async_to_sync
from django.db import transaction
from django.db.models.functions import Now

from executions.actions.connection_rights import SunaUnusable, check_may_manage, refuse_for
from executions.agent_service import AgentServiceError, AgentView
from executions.orchestrator.connections import open_connection
from teams.models import Agent, SunaConnection, User
from teams.models.encrypted_text import Undecryptable

AGENT_ID_CHARS = 128
NAME_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a sync found: how many agents there are, how many went missing, how many have no usable id."""

    present: int
    went_missing: int
    left_out: int


def sync_agents(*, connection: SunaConnection, by: User | None) -> Synced:
    """Take the whole catalogue over: new agents are added, known ones updated, vanished ones flagged.

    An agent that vanished keeps its row, since workflows name it; it is flagged until Suna lists it again.
    Raises NotAllowed and SunaUnusable. No transaction may be open: this waits for the network.
    """
    check_may_manage(by, connection)
    if not connection.wire_profile:
        raise SunaUnusable(
            "It is not known which Suna this is. Test the connection first.", code="no_profile"
        )
    listed = _ask(connection)
    usable = [agent for agent in listed if len(agent.agent_id) <= AGENT_ID_CHARS]
    with transaction.atomic():
        # Two syncs at once would flag what the other has just found.
        SunaConnection.objects.select_for_update().defer("sealed_credential").get(pk=connection.pk)
        Agent.objects.bulk_create(
            [_row(connection, agent) for agent in usable],
            update_conflicts=True,
            unique_fields=["connection", "agent_id"],
            update_fields=["name", "description", "model_name", "synced_at", "missing_since"],
        )
        known = Agent.objects.filter(connection=connection, missing_since=None)
        vanished = known.exclude(agent_id__in=[agent.agent_id for agent in usable])
        went_missing = vanished.update(missing_since=Now())
    return Synced(present=len(usable), went_missing=went_missing, left_out=len(listed) - len(usable))


def _row(connection: SunaConnection, agent: AgentView) -> Agent:
    return Agent(
        connection=connection,
        agent_id=agent.agent_id,
        name=agent.name[:NAME_CHARS],
        description=agent.description,
        model_name=(agent.model_name or "")[:NAME_CHARS],
        synced_at=Now(),
        missing_since=None,
    )


def _ask(connection: SunaConnection) -> Sequence[AgentView]:
    try:
        listed: Sequence[AgentView] = async_to_sync(_list_agents)(connection)
    except AgentServiceError as error:
        raise refuse_for(error) from None
    except Undecryptable:
        message = "The connection's credential cannot be read. Give it again."
        raise SunaUnusable(message, code="credential_unreadable") from None
    return listed


async def _list_agents(connection: SunaConnection) -> Sequence[AgentView]:
    client = open_connection(connection)
    try:
        return await client.list_agents()
    finally:
        await client.aclose()
