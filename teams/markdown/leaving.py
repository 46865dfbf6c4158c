"""Addresses outside Renum: which may become links at all, and the page of ours that each link leads to.

The address is signed, so that the page sends nobody to where no text of ours pointed.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from django.core.signing import BadSignature, Signer
from django.urls import reverse

MAX_ADDRESS_CHARS = 2000
_SALT = "teams.markdown.leaving"
# Printable ASCII without what browsers read in another way than we do: a backslash is a slash to them.
_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z|~]+", re.IGNORECASE)
_LABEL = r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9a-f:.]+\]", re.IGNORECASE)


class NotLeavable(Exception):
    """The address was not signed by us, or is none that a link may lead to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address in three parts, to be shown whole with its host in the middle."""

    before: str
    host: str
    after: str

    @property
    def whole(self) -> str:
        """The address as it is."""
        return self.before + self.host + self.after

    @property
    def is_encrypted(self) -> bool:
        """Whether the way there is."""
        return self.before.startswith("https:")

    @property
    def has_foreign_letters(self) -> bool:
        """Whether the host is written with letters that may look like others (shown here as xn--...)."""
        return any(label.startswith("xn--") for label in self.host.lower().split("."))


def read_address(address: str) -> Address:
    """Take an http or https address apart; NotLeavable for any other and for one with a user's name in it."""
    if len(address) > MAX_ADDRESS_CHARS or not _CHARACTERS.fullmatch(address):
        raise NotLeavable
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as problem:
        raise NotLeavable from problem
    scheme = parts.scheme
    before = address[: len(scheme) + 3]
    host, colon, port = _host_and_port(parts.netloc)
    if scheme not in ("http", "https") or before.lower() != f"{scheme}://" or not _HOST.fullmatch(host):
        raise NotLeavable
    if colon and not port.isdecimal():
        raise NotLeavable
    return Address(before=f"{scheme}://", host=host, after=address[len(before) + len(host) :])


def _host_and_port(netloc: str) -> tuple[str, str, str]:
    if netloc.startswith("["):
        host, bracket, rest = netloc.partition("]")
        return host + bracket, rest[:1], rest[1:]
    return netloc.partition(":")


def is_leavable(address: str) -> bool:
    """Whether a text may link to the address."""
    try:
        read_address(address)
    except NotLeavable:
        return False
    return True


def leave_address(address: str) -> str:
    """Return the path of the page that asks before it lets anybody go to the address."""
    return f"{reverse('leave')}?{urlencode({'to': Signer(salt=_SALT).sign_object(address)})}"


def read_signed(signed: str) -> Address:
    """Return the address that a link of ours carries; NotLeavable where it was changed on its way."""
    try:
        address = Signer(salt=_SALT).unsign_object(signed)
    except (BadSignature, ValueError) as problem:
        raise NotLeavable from problem
    if not isinstance(address, str):
        raise NotLeavable
    return read_address(address)
