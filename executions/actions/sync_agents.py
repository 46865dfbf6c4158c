"""Bringing the catalogue of a connection's agents up to date with Suna."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asgiref.sync import async_to_sync
from django.db import transaction
from django.db.models.functions import Now

from executions.actions.connection_rights import SunaUnusable, check_may_manage, refuse_for
from executions.agent_service import AgentService, AgentServiceError, AgentView, Unavailable
from executions.orchestrator.connections import open_connection
from teams.models import Agent, SunaConnection, User
from teams.models.encrypted_text import Undecryptable

AGENT_ID_CHARS = 128
NAME_CHARS = 200
PATIENCE_S = 60.0
AGENTS_DISABLED = "agents_disabled"
"""Suna forbids to list agents (403): builds until August 2025 do, unless `custom_agents` is switched on there
(suna-contract §6.12). Their agents run all the same, named by their ids."""


COMPARED = ("name", "description", "model_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a sync found, as numbers of agents.

    Those that are there, those of them that changed, those that went missing, those without a usable id.
    """

    present: int
    changed: int
    went_missing: int
    left_out: int


def sync_agents(
    *, connection: SunaConnection, by: User | None, anywhere: bool = False, patience_s: float = PATIENCE_S
) -> Synced:
    """Take the whole catalogue over: new agents are added, known ones updated, vanished ones flagged.

    An agent that vanished keeps its row, since workflows name it; it is flagged until Suna lists it again,
    and one that changed keeps what it was. The whole takes `patience_s` at most. Why it failed is kept on
    the connection. `anywhere`: the operator set the address up, so that it need not be a public one. Raises
    NotAllowed and SunaUnusable. No transaction may be open: this waits for the network.
    """
    check_may_manage(by, connection)
    if not connection.wire_profile:
        raise SunaUnusable(
            "It is not known which Suna this is. Test the connection first.", code="no_profile"
        )
    try:
        listed = _ask(connection, anywhere=anywhere, patience_s=patience_s)
    except SunaUnusable as refusal:
        code = AGENTS_DISABLED if refusal.code == "denied" else refusal.code
        same = SunaConnection.objects.filter(pk=connection.pk, base_url=connection.base_url)
        same.update(sync_code=code, sync_tried_at=Now())
        raise
    usable = {agent.agent_id: agent for agent in listed if len(agent.agent_id) <= AGENT_ID_CHARS}
    with transaction.atomic():
        # Two syncs at once would flag what the other has just found.
        row = SunaConnection.objects.select_for_update().defer("sealed_credential").get(pk=connection.pk)
        if row.base_url != connection.base_url:
            # These are another Suna's.
            message = "The connection got another address meanwhile. List its agents again."
            raise SunaUnusable(message, code="connection_moved")
        changed = _take_over(connection, usable)
        known = Agent.objects.filter(connection=connection, missing_since=None)
        went_missing = known.exclude(agent_id__in=list(usable)).update(missing_since=Now())
        SunaConnection.objects.filter(pk=connection.pk).update(
            synced_at=Now(), sync_tried_at=Now(), sync_code=""
        )
    return Synced(
        present=len(usable),
        changed=changed,
        went_missing=went_missing,
        left_out=len(listed) - len(usable),
    )


def _take_over(connection: SunaConnection, usable: Mapping[str, AgentView]) -> int:
    """Store the agents that Suna lists; return how many of them are others than they were."""
    known = {agent.agent_id: agent for agent in Agent.objects.filter(connection=connection)}
    rows = [_row(connection, agent) for agent in usable.values()]
    changed: dict[str, dict[str, str]] = {}
    for row in rows:
        before = known.get(row.agent_id)
        # What nobody synced yet was entered by hand: Suna knows better, and nothing has changed there.
        if before is None or before.synced_at is None:
            continue
        other = {
            name: getattr(before, name) for name in COMPARED if getattr(before, name) != getattr(row, name)
        }
        if other:
            changed[row.agent_id] = other
    Agent.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["connection", "agent_id"],
        update_fields=[*COMPARED, "synced_at", "missing_since"],
    )
    for agent_id, other in changed.items():
        found = Agent.objects.filter(connection=connection, agent_id=agent_id)
        found.update(changed_at=Now(), changed_from=other)
    return len(changed)


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


def _ask(connection: SunaConnection, *, anywhere: bool, patience_s: float) -> Sequence[AgentView]:
    try:
        # Here, since it may fetch the credential, which no event loop lets it.
        client = open_connection(connection, anywhere=anywhere)
        listed: Sequence[AgentView] = async_to_sync(_list_agents)(client, patience_s)
    except AgentServiceError as error:
        raise refuse_for(error) from None
    except Undecryptable:
        message = "The connection's credential cannot be read. Give it again."
        raise SunaUnusable(message, code="credential_unreadable") from None
    return listed


async def _list_agents(client: AgentService, patience_s: float) -> Sequence[AgentView]:
    try:
        async with asyncio.timeout(patience_s):
            return await client.list_agents()
    except TimeoutError:
        raise Unavailable(f"the agents were not all listed within {patience_s:g} s") from None
    finally:
        await client.aclose()
