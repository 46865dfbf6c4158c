"""The address of a Suna: what a base URL may look like, and whether users' keys may travel to it."""

import ipaddress
from collections.abc import Collection

import httpx

from executions.agent_service import Rejected

MAX_PORT = 65_535


def parse_base_url(base_url: str) -> httpx.URL:
    """Return the base URL without a slash at its end; Rejected where it is not one.

    It names scheme, host, port and perhaps a path. A user, a password, a query or a fragment is refused:
    they would be sent, or shown, with every call.
    """
    try:
        url = httpx.URL(base_url.strip())
    except (httpx.InvalidURL, TypeError, ValueError):
        url = None
    if url is None or url.scheme not in {"http", "https"} or not url.host or (url.port or 1) > MAX_PORT:
        raise Rejected("the base URL is not an http or https address")
    if url.userinfo or url.query or url.fragment:
        raise Rejected("the base URL must not hold a user, a password, a query or a fragment")
    return url.copy_with(raw_path=url.raw_path.rstrip(b"/") or b"/")


def is_listed(host: str, *, hosts: Collection[str]) -> bool:
    """Tell whether a host is one of those that an operator lists, whatever its case and its last dot."""
    return host.lower().rstrip(".") in {listed.lower().rstrip(".") for listed in hosts}


def may_carry_keys(url: httpx.URL, *, allowed_plain_hosts: Collection[str]) -> bool:
    """Tell whether users' keys may be sent there: over TLS, to this machine, or to a host that is listed."""
    return url.scheme == "https" or is_loopback(url.host) or url.host in allowed_plain_hosts


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its own name or address; no name is looked up."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
