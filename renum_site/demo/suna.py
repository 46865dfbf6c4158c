"""The connections that set-up makes, to the Suna of the settings: detected, and with its agents listed."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings

from executions.actions.detect_connection import detect_connection
from executions.actions.sync_agents import sync_agents
from executions.models import Execution
from teams.models import SunaConnection, User

SIMULATED_NAME = "Simulated Suna"
REAL_NAME = "Suna"
TERMINAL_NAME = "Suna of make demo"
NO_CREDENTIAL = "simulated"
"""The simulator takes any credential, but none at all is refused there as it is by Suna."""


class NoSunaError(Exception):
    """No Suna is configured; the message says what to do."""


def ensure_site_connection() -> SunaConnection:
    """Return the connection of the whole site, at the address that the settings name."""
    name = SIMULATED_NAME if _is_simulated() else REAL_NAME
    found = SunaConnection.objects.filter(owner=None, name=name).defer("sealed_credential").first()
    return _bring_up_to_date(found or SunaConnection(owner=None, name=name))


def ensure_terminal_connection(owner: User) -> SunaConnection:
    """Return a connection of the terminal demo's own, on which nothing is under way.

    An execution that outlived its demo keeps the address of a simulator that is gone: pointed to the new one,
    it would start agents there that nobody asked for.
    """
    busy = Execution.objects.unfinished().values("connection")
    mine = SunaConnection.objects.filter(owner=owner, name__startswith=TERMINAL_NAME)
    free = mine.exclude(pk__in=busy).defer("sealed_credential").order_by("created_at").first()
    number = mine.count() + 1
    name = TERMINAL_NAME if number == 1 else f"{TERMINAL_NAME} {number}"
    return _bring_up_to_date(free or SunaConnection(owner=owner, name=name))


def _bring_up_to_date(connection: SunaConnection) -> SunaConnection:
    if settings.SUNA_BASE_URL is None:
        msg = "No Suna is configured: set SUNA_BASE_URL, or use `make run`, which starts a simulated one."
        raise NoSunaError(msg)
    connection.base_url = settings.SUNA_BASE_URL
    bearer = settings.SUNA_BEARER_TOKEN or (NO_CREDENTIAL if _is_simulated() else "")
    # The credential is bound to the address, so it is sealed anew with it.
    connection.set_credential(bearer=bearer, api_key=settings.SUNA_API_KEY or "")
    connection.save()
    detect_connection(connection=connection, by=None, profile=settings.SUNA_PROFILE)
    sync_agents(connection=connection, by=None)
    return connection


def _is_simulated() -> bool:
    """Whether the configured Suna is one that needs no credential of this machine: the simulator."""
    return not (settings.SUNA_API_KEY or settings.SUNA_BEARER_TOKEN) and _is_loopback(settings.SUNA_BASE_URL)


def _is_loopback(url: str | None) -> bool:
    host = urlsplit(url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
