"""The connections that set-up makes: detected, and with the agents of their Suna listed."""

import ipaddress
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SunaPlace:
    """Where a Suna is and how to sign in. `profile` None has it detected."""

    base_url: str
    bearer: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    profile: str | None = None

    @property
    def is_simulated(self) -> bool:
        """Whether it asks for no credential and is on this machine, as `make run` starts the simulator."""
        return not (self.bearer or self.api_key) and _is_loopback(self.base_url)


def read_configured_place() -> SunaPlace:
    """Return the Suna that the settings name. Raises NoSunaError where they name none."""
    if settings.SUNA_BASE_URL is None:
        msg = "No Suna is configured: set SUNA_BASE_URL, or use `make run`, which starts a simulated one."
        raise NoSunaError(msg)
    return SunaPlace(
        base_url=settings.SUNA_BASE_URL,
        bearer=settings.SUNA_BEARER_TOKEN or "",
        api_key=settings.SUNA_API_KEY or "",
        profile=settings.SUNA_PROFILE,
    )


def ensure_site_connection(place: SunaPlace) -> SunaConnection:
    """Return the connection of the whole site, brought up to date."""
    name = SIMULATED_NAME if place.is_simulated else REAL_NAME
    found = SunaConnection.objects.filter(owner=None, name=name).defer("sealed_credential").first()
    return _bring_up_to_date(found or SunaConnection(owner=None, name=name), place)


def ensure_terminal_connection(owner: User, place: SunaPlace) -> SunaConnection:
    """Return a connection of the terminal demo's own, on which nothing is under way.

    An execution that outlived its demo keeps the address of a simulator that is gone: pointed to the new one,
    it would start agents there that nobody asked for.
    """
    busy = Execution.objects.unfinished().values("connection")
    mine = SunaConnection.objects.filter(owner=owner, name__startswith=TERMINAL_NAME)
    free = mine.exclude(pk__in=busy).defer("sealed_credential").order_by("created_at").first()
    number = mine.count() + 1
    name = TERMINAL_NAME if number == 1 else f"{TERMINAL_NAME} {number}"
    return _bring_up_to_date(free or SunaConnection(owner=owner, name=name), place)


def _bring_up_to_date(connection: SunaConnection, place: SunaPlace) -> SunaConnection:
    connection.base_url = place.base_url
    # The credential is bound to the address, so it is sealed anew with it.
    connection.set_credential(
        bearer=NO_CREDENTIAL if place.is_simulated else place.bearer, api_key=place.api_key
    )
    connection.save()
    detect_connection(connection=connection, by=None, profile=place.profile)
    sync_agents(connection=connection, by=None, anywhere=True)
    return connection


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
