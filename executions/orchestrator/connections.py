"""One client per connection, shared by everything that a driver runs on it."""

import uuid

from django.conf import settings

from executions.agent_service import AgentService, SecretText
from executions.suna.client import open_client
from executions.suna.credential import SunaCredential
from teams.models import SunaConnection

Key = tuple[uuid.UUID, str, str, str | None, bool]


class OpenConnections:
    """The open clients of one driver. A connection that was edited gets a client of its own."""

    def __init__(self) -> None:
        self._open: dict[Key, AgentService] = {}

    def client_of(self, connection: SunaConnection) -> AgentService:
        """Return the client of a connection; Undecryptable where its credential is not readable."""
        key = (
            connection.id,
            connection.base_url,
            connection.wire_profile,
            connection.sealed_credential,
            connection.sends_user_keys,
        )
        if key not in self._open:
            self._open[key] = open_connection(connection)
        return self._open[key]

    async def aclose(self) -> None:
        """Close every client."""
        for client in self._open.values():
            await client.aclose()
        self._open.clear()


def open_connection(connection: SunaConnection) -> AgentService:
    """Open a client for a connection, with its own credential."""
    held = connection.credential()
    return open_client(
        base_url=connection.base_url,
        profile=connection.wire_profile,
        credential=SunaCredential(
            bearer=SecretText(held["bearer"]) if held["bearer"] else None,
            api_key=SecretText(held["api_key"]) if held["api_key"] else None,
        ),
        sends_user_keys=connection.sends_user_keys,
        call_deadline_s=settings.ORCHESTRATOR.call_deadline_s,
        # The grace of a start in doubt counts from this deadline: the settings hold it longer.
        start_deadline_s=settings.ORCHESTRATOR.call_deadline_s,
        allowed_plain_hosts=settings.SUNA_ALLOWED_HOSTS,
    )
