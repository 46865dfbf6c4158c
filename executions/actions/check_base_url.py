"""Where a person's own connection may lead: to public https addresses, and to hosts that an operator lists.

Else whoever may store a connection could have Renum call what only Renum's own network reaches. Connections
of the whole site are staff's, and may name any address.
"""

import socket
from collections.abc import Callable, Collection
from enum import StrEnum

from django.conf import settings

from executions.agent_service import Rejected
from executions.suna.address import is_listed, parse_base_url
from executions.suna.public_address import is_public
from teams.actions.refusal import Refusal

Resolve = Callable[[str], Collection[str]]


class Fault(StrEnum):
    """What is wrong with an address."""

    MALFORMED = "malformed"
    NOT_HTTPS = "not_https"
    UNKNOWN_HOST = "unknown_host"
    NOT_PUBLIC = "not_public"


_MESSAGES = {
    Fault.MALFORMED: "Write an http or https address without a user, a query or a fragment.",
    Fault.NOT_HTTPS: "A person's own connection needs an https address.",
    Fault.UNKNOWN_HOST: "There is no host of that name.",
    Fault.NOT_PUBLIC: "That host is not a public one. An operator can list it in RENUM_SUNA_ALLOWED_HOSTS.",
}


class AddressRefused(Refusal):
    """A person's own connection may not lead there; `fault` says why."""

    code = "url_not_allowed"
    status = 400

    def __init__(self, fault: Fault) -> None:
        super().__init__(_MESSAGES[fault])
        self.fault = fault


def resolve_host(host: str) -> Collection[str]:
    """Return every address of a host; none where there is no such host. Waits for the resolver."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return {str(place[4][0]) for place in found}


def clean_base_url(base_url: str) -> str:
    """Return an address as it is stored, without a slash at its end. Raises AddressRefused."""
    try:
        return str(parse_base_url(base_url)).rstrip("/")
    except Rejected:
        raise AddressRefused(Fault.MALFORMED) from None


def check_own_base_url(base_url: str, *, resolve: Resolve = resolve_host) -> None:
    """Raise AddressRefused where a person's own connection may not have this base URL.

    Every address of the host has to be public. It is checked when the connection is saved and whenever it is
    tested. What the name leads to may change in between: so the address that is connected to is judged again
    at each call, by `executions.suna.public_only`.
    """
    try:
        url = parse_base_url(base_url)
    except Rejected:
        raise AddressRefused(Fault.MALFORMED) from None
    host = url.raw_host.decode("ascii").lower().rstrip(".")
    if is_listed(host, hosts=settings.SUNA_ALLOWED_HOSTS):
        return
    if url.scheme != "https":
        raise AddressRefused(Fault.NOT_HTTPS)
    addresses = resolve(host)
    if not addresses:
        raise AddressRefused(Fault.UNKNOWN_HOST)
    if not all(map(is_public, addresses)):
        raise AddressRefused(Fault.NOT_PUBLIC)
