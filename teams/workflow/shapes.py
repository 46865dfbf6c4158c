"""Reading one place of a document: is it an object, a text, a number within bounds; and saying so if not.

What a place means is the business of the readers that use this; see `parsing` and `step_parsing`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from teams.workflow.durations import MAX_SECONDS, MIN_SECONDS, find_seconds
from teams.workflow.plan import Json
from teams.workflow.problems import Findings, Pointer, ProblemCode, excerpt, listed

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
_NOTE_KEY = re.compile(r"x-[A-Za-z0-9_.-]{1,62}")
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the document and where it stands. Readers return None where they refused it."""

    value: Json
    at: Pointer
    findings: Findings

    def refuse(self, code: ProblemCode, message: str, **params: Json) -> None:
        """Record a problem at this place."""
        self.findings.refuse(self.at, code, message, **params)

    def member(self, key: str) -> "Node | None":
        """Return the member of an object, None where it has none of that key (or is no object)."""
        if not isinstance(self.value, dict) or key not in self.value:
            return None
        return Node(self.value[key], (*self.at, key), self.findings)

    def required(self, key: str, what: str) -> "Node | None":
        """Return the member; where there is none, refuse the object at the place of the missing member."""
        member = self.member(key)
        if member is None:
            self.findings.refuse(
                (*self.at, key), "required", f'{what} needs the key "{key}". Add it here.', key=key, what=what
            )
        return member

    def items(self) -> "list[Node]":
        """Return the members of a list (the value must be one)."""
        return [Node(item, (*self.at, index), self.findings) for index, item in enumerate(self.value)]

    def is_object(self, known: Collection[str], what: str) -> bool:
        """Check that this is an object that has only known keys and notes (x-...)."""
        if not isinstance(self.value, dict):
            self.wrong_type("an object")
            return False
        for key in self.value:
            if key not in known and not _NOTE_KEY.fullmatch(key):
                self._unknown_field(key, known, what)
        return True

    def is_list(self) -> bool:
        """Check that this is a list."""
        if isinstance(self.value, list):
            return True
        self.wrong_type("a list")
        return False

    def text(self, *, may_be_empty: bool = False) -> str | None:
        """Return the text."""
        if not isinstance(self.value, str):
            self.wrong_type("a text")
            return None
        if not self.value and not may_be_empty:
            self.refuse("empty", "The text is empty. Write something, or leave the key out.")
            return None
        return self.value

    def identifier(self) -> str | None:
        """Return the text if it may name a step or an agent. A malformed one is returned too, once refused.

        So references to it are not refused a second time, as unknown.
        """
        if not isinstance(self.value, str):
            self.wrong_type("a text")
            return None
        if not ID_PATTERN.fullmatch(self.value):
            self.refuse(
                "invalid_id",
                f"{excerpt(self.value)} cannot be an id. Use 1 to 128 letters, digits, _ . : or -, "
                "and begin with a letter or a digit.",
                value=excerpt(self.value)[1:-1],
            )
        return self.value

    def choice(self, allowed: Collection[str], code: ProblemCode = "invalid_value") -> str | None:
        """Return the text if it is one of the allowed ones."""
        if not isinstance(self.value, str):
            self.wrong_type("a text")
            return None
        if self.value not in allowed:
            near = self.findings.nearest(self.value, allowed)
            hint = f"Did you mean {excerpt(near)}? " if near else ""
            self.refuse(
                code,
                f"{excerpt(self.value)} is not known here. {hint}Use {listed(allowed)}.",
                value=excerpt(self.value)[1:-1],
                allowed=list(allowed),
            )
            return None
        return self.value

    def integer(self, low: int, high: int) -> int | None:
        """Return the integer within bounds. 1.0 and true are no integers."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.wrong_type("a whole number")
            return None
        if not low <= self.value <= high:
            self.out_of_range(f"{low} to {high}", low, high)
            return None
        return self.value

    def number(self, low: float, high: float) -> float | None:
        """Return the number within bounds."""
        if not isinstance(self.value, (int, float)) or isinstance(self.value, bool):
            self.wrong_type("a number")
            return None
        if not low <= self.value <= high:
            self.out_of_range(f"{low:g} to {high:g}", low, high)
            return None
        return float(self.value)

    def duration(self) -> float | None:
        """Return the seconds of a duration from 1 second to 24 hours."""
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float, str)):
            self.wrong_type("a duration")
            return None
        seconds = find_seconds(self.value)
        if seconds is None:
            self.refuse(
                "invalid_value",
                f"{excerpt(str(self.value))} is no duration. "
                'Write a number of seconds, or for example "90s", "20m", "2h".',
                value=excerpt(str(self.value))[1:-1],
            )
            return None
        if not MIN_SECONDS <= seconds <= MAX_SECONDS:
            self.out_of_range("1 second to 24 hours", MIN_SECONDS, MAX_SECONDS)
            return None
        return seconds

    def wrong_type(self, expected: str) -> None:
        """Refuse the value for its JSON type."""
        found = _KINDS.get(type(self.value), "no JSON value")
        if expected == "a whole number" and found == "a number":
            found = "a number with a decimal point"
        self.refuse(
            "wrong_type", f"This is {found}. Write {expected} instead.", expected=expected, found=found
        )

    def out_of_range(self, allowed: str, low: float, high: float) -> None:
        """Refuse a number or a duration for its size."""
        self.refuse(
            "out_of_range",
            f"{excerpt(str(self.value))[1:-1]} is out of range. Use {allowed}.",
            min=low,
            max=high,
        )

    def unexpected(self, key: str, message: str, **params: Any) -> None:
        """Refuse a member that is known to the language, but does not belong here."""
        self.findings.refuse((*self.at, key), "unexpected_key", message, key=key, **params)

    def _unknown_field(self, key: str, known: Collection[str], what: str) -> None:
        near = self.findings.nearest(key, known)
        hint = f"Did you mean {excerpt(near)}?" if near else f"Known keys: {', '.join(known)}."
        params: dict[str, Json] = {"key": excerpt(key)[1:-1], "known": list(known)}
        if near:
            params["nearest"] = near
        self.findings.refuse(
            (*self.at, key),
            "unknown_field",
            f"{what} has no key {excerpt(key)}. {hint} "
            'Correct it or remove it; a note of your own begins with "x-".',
            **params,
        )
