"""One client per connection, shared by everything that a driver runs on it.

The only reader of a connection's credential. A connection that cannot be opened is no fault of the
executions on it: its client refuses every call and says why.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import CharField
from django.db.models.expressions import RawSQL

from executions.agent_service import (
    AgentService,
    AgentServiceError,
    ContractChanged,
    CredentialUnreadable,
    SecretText,
)
from executions.orchestrator.closed_service import ClosedService
from executions.orchestrator.database_calls import in_driver_thread
from executions.orchestrator.gates import Gates
from executions.orchestrator.gates_stored import MARK
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
UNTESTED = "it is not known yet which Suna the connection leads to"
COLUMNS = ("base_url", "wire_profile", "sends_user_keys", "moved_at")
"""What a driver has to know of a connection beside its client."""
RETIRES_AFTER_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """A connection as its row says: its client, and COLUMNS by name."""

    client: AgentService
    columns: Mapping[str, Any]


class OpenConnections:
    """The open clients of one driver. A connection that was edited gets a client of its own.

    `changed` is told, in the event loop, of a connection behind which another Suna seems to be, `replaced` of
    one that has another client from now on. The old one is closed when its last call is over, and no sooner
    than `retires_after_s`, so that whoever is told has the new one by then.
    """

    def __init__(
        self,
        gates: Gates,
        *,
        changed: Callable[[uuid.UUID, str], None] = lambda *_: None,
        replaced: Callable[[uuid.UUID], None] = lambda _: None,
        retires_after_s: float = RETIRES_AFTER_S,
    ) -> None:
        self._gates = gates
        self._changed = changed
        self._replaced = replaced
        self._retires_after_s = retires_after_s
        self._open: dict[uuid.UUID, tuple[Key, GuardedService]] = {}
        # Of the thread that reads, until the event loop takes them.
        self._outdated: deque[tuple[uuid.UUID, GuardedService]] = deque()
        self._retiring: dict[GuardedService, asyncio.Task[None]] = {}
        self._next: dict[uuid.UUID, asyncio.Task[Current]] = {}
        self._reads: set[asyncio.Task[Current]] = set()

    async def read(self, connection_id: uuid.UUID) -> Current:
        """Return a connection as it stands now: the row is read after this was asked.

        All who ask before a read begins share it: it costs a query, and there are many starts.
        """
        reading = self._next.get(connection_id)
        if reading is None:
            work = in_driver_thread(self._read_next, connection_id)
            reading = asyncio.create_task(work, name=f"connection {connection_id}")
            self._next[connection_id] = reading
            self._reads.add(reading)
            reading.add_done_callback(self._note_read)
        # Whoever asked first may be broken off; the others wait on.
        return await asyncio.shield(reading)

    async def aclose(self) -> None:
        """Close every client, those included that a call which was broken off still opens meanwhile."""
        await asyncio.gather(*self._reads, return_exceptions=True)
        self._retire_outdated()
        for retiring in self._retiring.values():
            retiring.cancel()
        await asyncio.gather(*self._retiring.values(), return_exceptions=True)
        while self._retiring or self._open:
            client = self._retiring.popitem()[0] if self._retiring else self._open.popitem()[1][1]
            await client.aclose()

    def _note_read(self, reading: "asyncio.Task[Current]") -> None:
        self._reads.discard(reading)
        self._retire_outdated()
        if not reading.cancelled():
            # Nobody may be left who takes it, and then it is nobody's fault either.
            reading.exception()

    def _retire_outdated(self) -> None:
        while self._outdated:
            connection_id, client = self._outdated.popleft()
            self._retiring[client] = asyncio.create_task(
                self._retire(client), name=f"old client of {connection_id}"
            )
            self._replaced(connection_id)

    async def _retire(self, client: GuardedService) -> None:
        await asyncio.sleep(self._retires_after_s)
        await client.retire()
        self._retiring.pop(client, None)

    def _read_next(self, connection_id: uuid.UUID) -> Current:
        # Whoever asks from here on may mean what is written after this.
        self._next.pop(connection_id, None)
        mark = RawSQL(MARK, (), output_field=CharField())  # noqa: S611  a constant
        try:
            row: Any = SunaConnection.objects.with_credential().annotate(mark=mark).get(pk=connection_id)
        except Undecryptable:
            unreadable = ClosedService(partial(CredentialUnreadable, UNREADABLE))
            columns = SunaConnection.objects.values(*COLUMNS).get(pk=connection_id)
            return Current(client=unreadable, columns=columns)
        columns = {name: getattr(row, name) for name in COLUMNS}
        return Current(client=self._client_of(row, mark=row.mark), columns=columns)

    def _client_of(self, connection: SunaConnection, *, mark: str) -> AgentService:
        gate = self._gates.gate_of(connection)
        gate.mark = mark
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
        known = self._open.get(connection.id)
        if known is not None and known[0] == key:
            return known[1]
        changed = partial(self._changed, connection.id, connection.wire_profile)
        client = GuardedService(open_connection(connection), gate=gate, changed=changed)
        self._open[connection.id] = (key, client)
        if known is not None:
            self._outdated.append((connection.id, known[1]))
        return client


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
    if not connection.wire_profile:
        # What calls it may be told, `changed`, finds out.
        return ClosedService(partial(ContractChanged, UNTESTED))
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
