"""Which field of the builder, and which line of its JSON, a problem is about."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from teams.wording.problems import problem_words
from teams.workflow.problems import Problem

_FIELD_OF = {
    ("retry", "max_attempts"): "max_attempts",
    ("retry",): "max_attempts",
    ("limits", "max_parallel"): "max_parallel",
    ("limits", "deadline"): "deadline",
}
_FIELDS = (
    "agent_id",
    "id",
    "role",
    "instructions",
    "input",
    "conditions",
    "depends_on",
    "join",
    "model_name",
    "services",
    "timeout",
    "on_error",
    "on_question",
    "output",
)
_AROUND = ("type",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemLine:
    """One problem: the id on the page that it is about, "" for the whole; the line of the text, if known."""

    target: str
    sentence: str
    line: int | None = None


class Told:
    """The problems by the places of the page that they are about."""

    def __init__(self, lines: Sequence[ProblemLine]) -> None:
        found: dict[str, list[str]] = {}
        for line in lines:
            found.setdefault(line.target, []).append(line.sentence)
        self._by_target: Mapping[str, list[str]] = found

    def at(self, target: str) -> tuple[str, ...]:
        """Return the sentences about a place."""
        return tuple(self._by_target.get(target, ()))


def problem_lines(problems: Sequence[Problem]) -> tuple[ProblemLine, ...]:
    """Return the problems with the fields that they are about."""
    return tuple(ProblemLine(target=_target(one.pointer), sentence=problem_sentence(one)) for one in problems)


def problem_sentence(problem: Problem) -> str:
    """Return a problem in words."""
    return problem_words(problem)


def lines_of_text(text: str, problems: Sequence[Problem]) -> tuple[ProblemLine, ...]:
    """Return the problems with the lines of a JSON text that they are about."""
    positions = _positions(text)
    return tuple(
        ProblemLine(target="source", sentence=problem_sentence(one), line=_line(text, positions, one.pointer))
        for one in problems
    )


def _target(pointer: str) -> str:
    tokens = pointer.split("/")[1:]
    if len(tokens) >= 2 and tokens[0] == "agents" and tokens[1].isdigit():
        step, inner = f"s{tokens[1]}", tokens[2:]
        if len(inner) >= 2 and inner[0] == "conditions" and inner[1].isdigit():
            return f"{step}-c{inner[1]}"
        name = _FIELD_OF.get(tuple(inner[:2])) or _FIELD_OF.get(tuple(inner[:1]))
        name = name or (inner[0] if inner and inner[0] in _FIELDS else None)
        return f"{step}-{name}" if name else step
    name = _FIELD_OF.get(tuple(tokens[:2])) or (tokens[0] if tokens and tokens[0] in _AROUND else None)
    return name or ""


def _line(text: str, positions: Mapping[str, int], pointer: str) -> int | None:
    while pointer not in positions:
        if not pointer:
            return None
        # A member that is missing is told of where it is missing.
        pointer = pointer.rpartition("/")[0]
    return text.count("\n", 0, positions[pointer]) + 1


def _positions(text: str) -> dict[str, int]:
    """Return where each value of a text that is known to be JSON begins, by its pointer."""
    found: dict[str, int] = {}
    decoder = json.JSONDecoder()

    def blank(at: int) -> int:
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
        return at

    def walk(at: int, pointer: str) -> int:
        # The depth of the text is bounded: it was parsed by `parse_json_text`.
        found[pointer] = at
        if text[at] == "{":
            at = blank(at + 1)
            while text[at] != "}":
                key, at = decoder.raw_decode(text, at)
                at = blank(blank(at) + 1)
                at = blank(walk(at, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"))
                at = blank(at + 1) if text[at] == "," else at
            return at + 1
        if text[at] == "[":
            at, position = blank(at + 1), 0
            while text[at] != "]":
                at = blank(walk(at, f"{pointer}/{position}"))
                at, position = blank(at + 1) if text[at] == "," else at, position + 1
            return at + 1
        return decoder.raw_decode(text, at)[1]

    walk(blank(0), "")
    return found
