"""One client per connection, shared by everything that a driver runs on it.

The only reader of a connection's credential. A connection that cannot be opened is no fault of the
executions on it: its client refuses every call and says why.
"""

import uuid
from collections.abc import Callable, Mapping
from functools import partial

from django.conf import settings

from executions.agent_service import AgentService, AgentServiceError, CredentialUnreadable, SecretText
from executions.orchestrator.closed_service import ClosedService
from executions.orchestrator.database_calls import in_driver_thread
from executions.orchestrator.gates import Gates
from executions.orchestrator.gates_stored import find_row_states
from executions.orchestrator.guarded_service import GuardedService
from executions.suna.address import is_listed, parse_base_url
from executions.suna.client import open_client
from executions.suna.credential import SunaCredential
from executions.suna.wire import PROFILES, Capabilities
from executions.suna.wire.learned import read_learned
from teams.models import SunaConnection
from teams.models.encrypted_text import Undecryptable
from teams.workflow.plan import Json

Key = tuple[uuid.UUID, str, str, str | None, bool, bool, Capabilities | None]
UNREADABLE = "the connection's credential cannot be decrypted with the configured keys"


class OpenConnections:
    """The open clients of one driver. A connection that was edited gets a client of its own.

    `changed` is told, in the event loop, of a connection behind which another Suna seems to be.
    """

    def __init__(self, gates: Gates, *, changed: Callable[[uuid.UUID], None] = lambda _: None) -> None:
        self._gates = gates
        self._changed = changed
        self._open: dict[Key, AgentService] = {}

    async def client_of(self, connection_id: uuid.UUID) -> AgentService:
        """Return the client of a connection as it stands now."""
        return await in_driver_thread(self._client_of, connection_id)

    async def aclose(self) -> None:
        """Close every client, those included that a call which was broken off still opens meanwhile."""
        while self._open:
            _, client = self._open.popitem()
            await client.aclose()

    def _client_of(self, connection_id: uuid.UUID) -> AgentService:
        # The mark before the row: if both change in between, the gate finds a mark that is old.
        found = find_row_states([connection_id]).get(connection_id)
        try:
            connection = SunaConnection.objects.with_credential().get(pk=connection_id)
        except Undecryptable:
            return ClosedService(partial(CredentialUnreadable, UNREADABLE))
        gate = self._gates.gate_of(connection)
        gate.mark = "" if found is None else found.mark
        key = (
            connection.id,
            connection.base_url,
            connection.wire_profile,
            connection.sealed_credential,
            connection.sends_user_keys,
            # Where calls may go hangs on it, with the address; all of one's own are held alike.
            connection.owner_id is None,
            _capabilities_of(connection),
        )
        if key not in self._open:
            self._open[key] = GuardedService(
                open_connection(connection), gate=gate, changed=partial(self._changed, connection.id)
            )
        return self._open[key]


def _capabilities_of(connection: SunaConnection) -> Capabilities | None:
    profile = PROFILES.get(connection.wire_profile)
    return None if profile is None else read_learned(profile, _learned(connection))


def _learned(connection: SunaConnection) -> Mapping[str, Json]:
    """Return what detection found of the build behind a connection."""
    return connection.capabilities if isinstance(connection.capabilities, dict) else {}


def reaches_public_only(connection: SunaConnection) -> bool:
    """Return whether calls may go to public addresses alone: on people's own connections to no listed host.

    The Suna that the operator's settings name may be anywhere, whoever has a connection to it.
    """
    if connection.owner_id is None or connection.base_url == (settings.SUNA_BASE_URL or "").rstrip("/"):
        return False
    host = parse_base_url(connection.base_url).raw_host.decode("ascii")
    return not is_listed(host, hosts=settings.SUNA_ALLOWED_HOSTS)


def read_credential(connection: SunaConnection) -> SunaCredential:
    """Return how a connection logs in; Undecryptable where what is stored cannot be read."""
    held = connection.credential()
    return SunaCredential(
        bearer=SecretText(held["bearer"]) if held["bearer"] else None,
        api_key=SecretText(held["api_key"]) if held["api_key"] else None,
    )


def open_connection(connection: SunaConnection, *, anywhere: bool = False) -> AgentService:
    """Open a client for a connection, with its own credential, which is read where it is not loaded.

    `anywhere`: what it is opened for was asked for by the operator, so that its address need not be public.
    """
    try:
        return open_client(
            base_url=connection.base_url,
            profile=connection.wire_profile,
            credential=read_credential(connection),
            sends_user_keys=connection.sends_user_keys,
            learned=_learned(connection),
            call_deadline_s=settings.ORCHESTRATOR.call_deadline_s,
            # The grace of a start in doubt counts from this deadline: the settings hold it longer.
            start_deadline_s=settings.ORCHESTRATOR.call_deadline_s,
            max_connections=settings.ORCHESTRATOR.suna_connections,
            allowed_plain_hosts=settings.SUNA_ALLOWED_HOSTS,
            public_only=not anywhere and reaches_public_only(connection),
        )
    except Undecryptable:
        return ClosedService(partial(CredentialUnreadable, UNREADABLE))
    except AgentServiceError as error:
        return ClosedService(partial(type(error), error.detail))
