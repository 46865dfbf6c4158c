"""Whether an address of the internet protocol is a public one. Pure: names are resolved by whoever asks.

The standard library's `is_global` says yes to IPv4 addresses that are wrapped in IPv6 and to multicast
(reliability H15), so the ranges stand here: those that RFC 6890 and IANA's two registries of special-purpose
addresses (RFC 8190) do not call globally reachable, and the multicast and reserved ones.
"""

import ipaddress
from collections.abc import Iterator

_DENIED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Of IPv6 only this part is given out; the rest is local, multicast or reserved.
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_TEREDO = ipaddress.IPv6Network("2001::/32")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
# IPv4 in the last 32 bits: mapped, compatible, and NAT64 (RFC 6052).
_V4_AT_THE_END = tuple(ipaddress.IPv6Network(text) for text in ("::ffff:0:0/96", "::/96", "64:ff9b::/96"))


def is_public(address: str) -> bool:
    """Tell whether an address, as the resolver writes it, is reachable on the public internet.

    An IPv6 address that carries IPv4 ones is as public as all of those. ValueError where it is no address.
    """
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return _is_public_v4(parsed)
    carried = list(_carried(parsed))
    if carried:
        return all(map(_is_public_v4, carried))
    # With a zone it is an address of this machine's own network.
    return (
        parsed.scope_id is None
        and parsed in _UNICAST_V6
        and not any(parsed in network for network in _DENIED_V6)
    )


def _is_public_v4(address: ipaddress.IPv4Address) -> bool:
    return not any(address in network for network in _DENIED_V4)


def _carried(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    bits = int(address)
    if any(address in network for network in _V4_AT_THE_END):
        yield ipaddress.IPv4Address(bits & 0xFFFFFFFF)
    elif address in _SIX_TO_FOUR:
        yield ipaddress.IPv4Address((bits >> 80) & 0xFFFFFFFF)
    elif address in _TEREDO:
        # The server, and the client with every bit turned (RFC 4380).
        yield ipaddress.IPv4Address((bits >> 64) & 0xFFFFFFFF)
        yield ipaddress.IPv4Address((bits & 0xFFFFFFFF) ^ 0xFFFFFFFF)
