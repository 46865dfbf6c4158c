"""Typed readers of the environment: every setting passes through here, and a wrong value stops the start.

Knows names, types and ranges of single values. What the values are used for belongs in settings.py.
"""

import ipaddress
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})


class EnvError(ValueError):
    """A setting that cannot be used; the message is one sentence for the person who set it."""


class Env:
    """Reads settings by name out of one mapping; an empty value counts as unset.

    `known` collects every name that was asked for, so that a check can point out misspelled ones.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.known: set[str] = set()

    def find(self, name: str) -> str | None:
        """Return the value as it was written, or None where it is unset or empty."""
        self.known.add(name)
        return self.values.get(name, "").strip() or None

    def text(self, name: str, *, default: str = "") -> str:
        """Return a line of text."""
        return self.find(name) or default

    def secret(self, name: str, *, min_length: int = 0) -> str | None:
        """Return a secret or None. Its value never enters a message."""
        value = self.find(name)
        if value is not None and len(value) < min_length:
            msg = f"{name} must have at least {min_length} characters; it has {len(value)}."
            raise EnvError(msg)
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes or no; anything but the eight words is refused."""
        value = self.find(name)
        if value is None:
            return default
        word = value.lower()
        if word not in TRUE_WORDS | FALSE_WORDS:
            msg = f"{name} must be one of 1, 0, true, false, yes, no, on, off, not {value!r}."
            raise EnvError(msg)
        return word in TRUE_WORDS

    def whole(self, name: str, *, default: int, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, written in ASCII digits."""
        value = self.find(name)
        if value is None:
            return default
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or not low <= int(value) <= high:
            msg = f"{name} must be a whole number from {low} to {high}, not {value!r}."
            raise EnvError(msg)
        return int(value)

    def seconds(self, name: str, *, default: float, low: float, high: float) -> float:
        """Return a time span in seconds, fractions allowed."""
        value = self.find(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if math.isnan(number) or not low <= number <= high:
            msg = f"{name} must be a number of seconds from {low:g} to {high:g}, not {value!r}."
            raise EnvError(msg)
        return number

    def items(self, name: str, *, default: Iterable[str] = ()) -> list[str]:
        """Return the parts of a comma-separated list, blanks trimmed and empty parts dropped."""
        value = self.find(name)
        if value is None:
            return list(default)
        return [part.strip() for part in value.split(",") if part.strip()]

    def networks(self, name: str) -> list[str]:
        """Return addresses and networks (10.0.0.0/8) out of a comma-separated list."""
        parts = self.items(name)
        for part in parts:
            try:
                ipaddress.ip_network(part)
            except ValueError:
                msg = f"{name} must list addresses or networks such as 10.0.0.0/8, not {part!r}."
                raise EnvError(msg) from None
        return parts

    def choice(self, name: str, *, default: str, among: Iterable[str]) -> str:
        """Return one of the words in `among`."""
        value = self.find(name)
        if value is None:
            return default
        words = list(among)
        if value not in words:
            msg = f"{name} must be one of {', '.join(words)}, not {value!r}."
            raise EnvError(msg)
        return value

    def url(self, name: str, *, schemes: Iterable[str]) -> str | None:
        """Return an address with one of the schemes and a host (or a path), without its trailing slash.

        The address may hold a password, so a refusal never repeats it.
        """
        value = self.find(name)
        if value is None:
            return None
        allowed = list(schemes)
        parts = split_url(name, value)
        if parts.scheme not in allowed or not (parts.hostname or parts.path.strip("/")):
            msg = f"{name} must be an address that starts with {' or '.join(f'{s}://' for s in allowed)}."
            raise EnvError(msg)
        return value.rstrip("/")

    def folder(self, name: str, *, default: Path) -> Path:
        """Return an absolute folder; whether it exists is its user's business."""
        value = self.find(name)
        return (Path(value).expanduser() if value else default).resolve()


def split_url(name: str, value: str) -> SplitResult:
    """Take an address apart, or raise EnvError where its port or its brackets are broken."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        msg = f"{name} is not a usable address: its port or its host is malformed."
        raise EnvError(msg) from None
    return parts


def read_environment(env_file: Path) -> dict[str, str]:
    """Return the process environment on top of `env_file` (lines `NAME=value`), where that file exists.

    RENUM_ENV_FILE names another file, or none when it is set and empty. Lines that are neither blank,
    nor a comment, nor an assignment are refused with their number.
    """
    chosen = os.environ.get("RENUM_ENV_FILE")
    if chosen == "":
        return dict(os.environ)
    path = Path(chosen) if chosen else env_file
    if chosen and not path.is_file():
        msg = f"RENUM_ENV_FILE names {path}, which is not a file."
        raise EnvError(msg)
    return {**(_read_assignments(path) if path.is_file() else {}), **os.environ}


def _read_assignments(path: Path) -> dict[str, str]:
    values = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path.name} cannot be read: {error.__class__.__name__}."
        raise EnvError(msg) from None
    for number, line in enumerate(lines, start=1):
        stripped = line.strip().removeprefix("export ")
        if not stripped or stripped.startswith("#"):
            continue
        name, separator, value = stripped.partition("=")
        if not separator or not name.strip().isidentifier():
            msg = f"{path.name}, line {number}: expected NAME=value."
            raise EnvError(msg)
        value = value.strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        values[name.strip()] = value[1:-1] if quoted else value
    return values
