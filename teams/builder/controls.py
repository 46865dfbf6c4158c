"""The fields of a form that hold one member of a step or of the document each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from teams.workflow.step_parsing import STEP_KEYS

Values = tuple[str, ...]
Member = dict[str, Any]
Reader = Callable[[Member], Values | None]
Writer = Callable[[Member, Values], Member]

MAX_DIGITS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One field. `member` is the key that its value stands under; several members are parted by "/".

    `read` returns what the field shows, None where it cannot show what is there; `write` returns the object
    with the new value. `is_many` fields take any number of values, all others exactly one.
    """

    name: str
    member: str
    read: Reader
    write: Writer
    is_many: bool = False
    has_lines: bool = False


def put(holder: Member, key: str, value: object, order: Sequence[str] = STEP_KEYS) -> Member:
    """Return the object with the member, a new one placed where the language's own order has it."""
    if key in holder:
        return {**holder, key: value}
    rank = {name: position for position, name in enumerate(order)}
    before = [at for at, name in enumerate(holder) if rank.get(name, len(rank)) < rank.get(key, len(rank))]
    items = list(holder.items())
    items.insert(before[-1] + 1 if before else 0, (key, value))
    return dict(items)


def without(holder: Member, key: str) -> Member:
    """Return the object without the member."""
    return {name: value for name, value in holder.items() if name != key}


def text(key: str, *, has_lines: bool = False) -> Control:
    """Build the field of a text; an empty one is left out of the document."""

    def read(holder: Member) -> Values | None:
        value = holder.get(key, "")
        return (value,) if isinstance(value, str) else None

    def write(holder: Member, values: Values) -> Member:
        return put(holder, key, values[0]) if values[0] else without(holder, key)

    return Control(name=key, member=key, read=read, write=write, has_lines=has_lines)


def number_or_text(key: str, *, inside: str = "", order: Sequence[str] = STEP_KEYS) -> Control:
    """Build the field of a number or a duration, which may be a text; `inside` names the object it is in.

    What is no number stays the text that was typed, for the checker to refuse.
    """

    def read(holder: Member) -> Values | None:
        home = holder.get(inside, {}) if inside else holder
        if not isinstance(home, dict):
            return None
        value = home.get(key, "")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return None
        return (str(value),)

    def write(holder: Member, values: Values) -> Member:
        home = holder.get(inside, {}) if inside else holder
        typed = values[0].strip()
        changed = put(home, key, typed_number(typed), order) if typed else without(home, key)
        if not inside:
            return changed
        return put(holder, inside, changed, order) if changed else without(holder, inside)

    return Control(name=key, member=f"{inside}/{key}" if inside else key, read=read, write=write)


def typed_number(typed: str) -> int | str:
    """Return a whole number where that was typed, else the text."""
    is_number = typed.isascii() and typed.isdigit() and len(typed) <= MAX_DIGITS
    return int(typed) if is_number else typed


def words_list(key: str) -> Control:
    """Build the field of a list of names, parted by commas."""

    def read(holder: Member) -> Values | None:
        return joined_names(holder[key]) if key in holder else ("",)

    def write(holder: Member, values: Values) -> Member:
        names = split_names(values[0])
        return put(holder, key, names) if names else without(holder, key)

    return Control(name=key, member=key, read=read, write=write)


def joined_names(value: object) -> Values | None:
    """Return a list of names as one text; None for a list that would not be read back as it is."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return None
    joined = ", ".join(value)
    return (joined,) if split_names(joined) == value else None


def split_names(typed: str) -> list[str]:
    """Return the names of a text, parted by commas or lines."""
    return [name for part in typed.replace("\n", ",").split(",") if (name := part.strip())]


def normalized(value: str) -> str:
    """Return a text as a browser would send it back: lines end in one way, and U+0000 cannot stand in it."""
    return value.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
