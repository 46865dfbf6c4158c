"""Which field of the builder, and which line of its JSON, a problem is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from teams.wording.catalogue import what_to_do
from teams.wording.problems import problem_words
from teams.workflow.json_places import find_places, line_and_column, place_of
from teams.workflow.problems import Problem
from teams.workflow.step_parsing import STEP_KEYS

_FIELD_OF = {
    ("retry", "max_attempts"): "max_attempts",
    ("retry",): "max_attempts",
    ("limits", "max_parallel"): "max_parallel",
    ("limits", "deadline"): "deadline",
}
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
    return tuple(ProblemLine(target=_target(one.pointer), sentence=_in_a_form(one)) for one in problems)


def problem_sentence(problem: Problem) -> str:
    """Return a problem in words, and what to do where the words leave it open."""
    return f"{problem_words(problem)} {what_to_do(problem.code)}".rstrip()


def _in_a_form(problem: Problem) -> str:
    # People type names there: how an id is spelt is no answer to them.
    if problem.code == "invalid_id" and problem.pointer.endswith("/agent_id"):
        name = str(problem.params.get("value", ""))
        if not name:
            return _("Choose an agent.")
        return _("There is no agent “%(name)s”. Choose one of the connection's agents.") % {"name": name}
    return problem_sentence(problem)


def lines_of_text(text: str, problems: Sequence[Problem]) -> tuple[ProblemLine, ...]:
    """Return the problems with the lines of a JSON text that they are about."""
    places = find_places(text) if problems else {}
    return tuple(
        ProblemLine(
            target="source",
            sentence=problem_sentence(one),
            line=line_and_column(text, place_of(one.pointer, places)[0])[0],
        )
        for one in problems
    )


def _target(pointer: str) -> str:
    tokens = pointer.split("/")[1:]
    if len(tokens) >= 2 and tokens[0] == "agents" and tokens[1].isdigit():
        step, inner = f"s{tokens[1]}", tokens[2:]
        if len(inner) >= 2 and inner[0] == "conditions" and inner[1].isdigit():
            return f"{step}-c{inner[1]}"
        name = _FIELD_OF.get(tuple(inner[:2])) or _FIELD_OF.get(tuple(inner[:1]))
        name = name or (inner[0] if inner and inner[0] in STEP_KEYS else None)
        return f"{step}-{name}" if name else step
    name = _FIELD_OF.get(tuple(tokens[:2])) or (tokens[0] if tokens and tokens[0] in _AROUND else None)
    return name or ""
