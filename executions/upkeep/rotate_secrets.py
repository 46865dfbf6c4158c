"""Which stored secrets are under which encryption key, and giving all of them the newest.

Rows are changed one by one, each where it still holds what was read: so web and workers go on beside it, a
secret that somebody replaces meanwhile is theirs, and who broke off simply begins again.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, MultiFernet

from executions.upkeep.sealed_columns import SealedValue, each_sealed_value, opens_with, replace_value
from teams.models.encrypted_text import key_ids, key_rings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedState:
    """How many secrets each key opens, the newest key first, and those that none opens: kind and id."""

    by_key: dict[str, int]
    unreadable: tuple[str, ...]

    @property
    def newest(self) -> str:
        """The name of the key that encrypts."""
        return next(iter(self.by_key))

    @property
    def on_old_keys(self) -> int:
        """How many have to be rotated before the older keys may go."""
        return sum(count for name, count in self.by_key.items() if name != self.newest)


@dataclass(slots=True, kw_only=True)
class Rotated:
    """What a rotation did. `kept` were replaced by somebody else while it was at them."""

    changed: int = 0
    kept: int = 0
    unreadable: list[str] = field(default_factory=list)


def find_state() -> SealedState:
    """Look at every stored secret; nothing is changed."""
    found: Counter[str] = Counter()
    unreadable = []
    rings = key_rings()
    for value in each_sealed_value():
        name = _key_of(value, rings)
        if name is None:
            unreadable.append(_name_of(value))
        else:
            found[name] += 1
    return SealedState(by_key={name: found[name] for name in key_ids()}, unreadable=tuple(unreadable))


def rotate_secrets(*, dry_run: bool = False, say: Callable[[int], None] = lambda done: None) -> Rotated:
    """Encrypt with the newest key what an older one opens. What none opens stays as it is, and is told.

    `say` hears now and then how many were changed. With `dry_run` they are only counted.
    """
    rings = key_rings()
    ring, newest = MultiFernet([key for _, key in rings]), rings[0][0]
    rotated = Rotated()
    for value in each_sealed_value():
        name = _key_of(value, rings)
        if name is None:
            rotated.unreadable.append(_name_of(value))
        elif name != newest:
            if dry_run or replace_value(value, [_rotate(ring, token) for token in value.tokens()]):
                rotated.changed += 1
                say(rotated.changed)
            else:
                rotated.kept += 1
    logger.info("%d secrets rotated", 0 if dry_run else rotated.changed)
    return rotated


def _rotate(ring: MultiFernet, token: str) -> str:
    return ring.rotate(token.encode("ascii")).decode("ascii")


def _key_of(value: SealedValue, rings: Sequence[tuple[str, Fernet]]) -> str | None:
    """Return the name of the oldest key that one of its ciphertexts needs; None where none opens one."""
    needed = []
    for token in value.tokens():
        opened = next((at for at, (_, key) in enumerate(rings) if opens_with(key, token)), None)
        if opened is None:
            return None
        needed.append(opened)
    return rings[max(needed, default=0)][0]


def _name_of(value: SealedValue) -> str:
    return f"{value.where.name} {value.row_id}"
