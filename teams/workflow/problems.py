"""What is wrong with a definition, as data: where, which code, a sentence, and the sentence's parameters.

Codes are stable and documented in docs/workflow.md. Nothing here judges a definition; see `parsing`.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from teams.workflow.plan import Json

Pointer = tuple[str | int, ...]
"""Where in the document: keys and list positions, outermost first; the empty tuple is the document."""

ProblemCode = Literal[
    "required",
    "unknown_field",
    "wrong_type",
    "out_of_range",
    "too_large",
    "too_many_agents",
    "empty",
    "unknown_type",
    "invalid_id",
    "duplicate_id",
    "unknown_reference",
    "ambiguous_reference",
    "self_reference",
    "forward_reference",
    "parallel_reference",
    "unexpected_key",
    "not_supported_yet",
    "cycle",
    "invalid_path",
    "unknown_operator",
    "invalid_value",
    "invalid_regex",
    "unsupported_regex",
    "else_without_group",
    "invalid_schema",
    "unknown_service",
]
WarningCode = Literal[
    "type_missing", "unknown_agent", "not_exhaustive", "wider_than_connection", "unused_result"
]
JsonCode = Literal[
    "malformed_json",
    "too_large",
    "too_deep",
    "too_many_items",
    "duplicate_key",
    "number_out_of_range",
    "not_finite",
    "nul_character",
    "surrogate",
    "wrong_type",
]
"""What may be wrong with JSON as such, whatever it means; see `json_text`."""

PROBLEM_CODES: tuple[str, ...] = get_args(ProblemCode)
WARNING_CODES: tuple[str, ...] = get_args(WarningCode)
JSON_CODES: tuple[str, ...] = get_args(JsonCode)

MAX_REPORTED = 1000
"""Findings reported of one kind. A reader needs the first few; a hostile document could cause 30,000."""

_EXCERPT_CHARS = 80
_SUGGESTIONS_MAX = 50
_WORK_MAX = 2000
"""Bounds how long a hostile document keeps the checker busy: a second or so."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `pointer` is RFC 6901 and may name a member that is missing (code `required`)."""

    pointer: str
    code: str
    message: str
    params: Mapping[str, Json] = field(default_factory=dict)

    def as_json(self) -> dict[str, Json]:
        """Return the finding as plain JSON values."""
        return {
            "pointer": self.pointer,
            "code": self.code,
            "message": self.message,
            "params": dict(self.params),
        }


class Findings:
    """Collects problems and warnings while one document is read; nothing is raised."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._problems: list[tuple[Pointer, Problem]] = []
        self._warnings: list[tuple[Pointer, Problem]] = []
        self._settled: set[Pointer] = set()
        self._suggestions_left = _SUGGESTIONS_MAX
        self._work_left = _WORK_MAX

    def refuse(self, at: Pointer, code: ProblemCode | JsonCode, message: str, **params: Json) -> None:
        """Record a problem: the definition cannot be accepted."""
        if at in self._settled:
            return
        self._problems.append((at, Problem(pointer_text(at), code, message, params)))

    def settle(self, at: Pointer) -> None:
        """Take no more problems at this place: the one that it has makes all others noise."""
        self._settled.add(at)

    def warn(self, at: Pointer, code: WarningCode, message: str, **params: Json) -> None:
        """Record a warning: the definition is accepted, but may not do what its author wants."""
        self._warnings.append((at, Problem(pointer_text(at), code, message, params)))

    def nearest(self, word: str, known: Iterable[str]) -> str | None:
        """Return the known word that `word` may be a slip of. Costly, so answered for the first ones only."""
        if self._suggestions_left <= 0 or len(word) > _EXCERPT_CHARS:
            return None
        self._suggestions_left -= 1
        close = difflib.get_close_matches(word, sorted(known), n=3)
        # Slips happen late in a word: "retries" is nearer to "retry" than to "services".
        return max(close, key=lambda other: _shared_start(word, other), default=None)

    def affords(self, at: Pointer, work: int) -> bool:
        """Check that a costly check may still be made; where too many were, refuse the place instead.

        A pattern to compile is 10 of work, a part of a JSON Schema 1.
        """
        self._work_left -= work
        if self._work_left >= 0:
            return True
        self.refuse(
            at,
            "too_large",
            "The patterns and schemas of this workflow are more than can be checked. Use fewer of them.",
        )
        return False

    @property
    def count(self) -> int:
        """How much was refused so far."""
        return len(self._problems)

    def problems(self) -> tuple[Problem, ...]:
        """Return the problems in document order."""
        return _in_document_order(self._document, self._problems)

    def warnings(self) -> tuple[Problem, ...]:
        """Return the warnings in document order."""
        return _in_document_order(self._document, self._warnings)


def pointer_text(at: Pointer) -> str:
    """Return the JSON Pointer (RFC 6901) of a place."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in at)


def excerpt(value: str) -> str:
    """Return the text quoted, at most 80 characters of it, with everything that cannot be shown escaped."""
    cut = value if len(value) <= _EXCERPT_CHARS else value[:_EXCERPT_CHARS] + "…"
    return '"' + "".join(char if char.isprintable() else ascii(char)[1:-1] for char in cut) + '"'


def listed(words: Iterable[str]) -> str:
    """Return the words as a list for a sentence: quoted, the last one joined by "or"."""
    quoted = [excerpt(word) for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return ", ".join(quoted[:-1]) + " or " + quoted[-1]


def _shared_start(one: str, other: str) -> int:
    """Return how many characters two words begin with in common."""
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def _in_document_order(document: Json, found: list[tuple[Pointer, Problem]]) -> tuple[Problem, ...]:
    """Sort by place. A missing member stands after the members that its object has."""
    key_orders: dict[int, dict[str, int]] = {}

    def place(at: Pointer) -> tuple[int, ...]:
        node = document
        positions: list[int] = []
        for token in at:
            if isinstance(node, dict):
                order = key_orders.setdefault(id(node), {}) or _key_order(node, key_orders)
                positions.append(order.get(token, len(order)) if isinstance(token, str) else len(order))
                node = node.get(token)
            elif isinstance(node, list) and isinstance(token, int) and token < len(node):
                positions.append(token)
                node = node[token]
            else:
                break
        return tuple(positions)

    ordered = sorted(found, key=lambda item: place(item[0]))
    return tuple(problem for _, problem in ordered[:MAX_REPORTED])


def _key_order(node: dict[str, Json], key_orders: dict[int, dict[str, int]]) -> dict[str, int]:
    order = {key: position for position, key in enumerate(node)}
    key_orders[id(node)] = order
    return order
