"""Paths of conditions and of the output map: `steps.<id>.data.key`, `agent_<id>_result`, `context.<key>`.

A path is data. It is split and compared, never evaluated; whether it leads anywhere is found at run time.
"""

import unicodedata

from teams.workflow.definition import FieldPath, Reference
from teams.workflow.plan import Path, PathRoot
from teams.workflow.problems import excerpt
from teams.workflow.references import Roster

MAX_SEGMENTS = 20

_STEP_ROOTS: dict[str, PathRoot] = {"text": "text", "data": "data", "status": "status"}
_FORBIDDEN = frozenset("[]{}()<>\"'`\u2018\u2019\u201c\u201d\u3002\uff61*")
_FORMS = "steps.<id>.text, .data or .status, agent_<id>_result, context.<key> or initial_prompt"


class _InvalidPathError(Exception):
    """The path is not of the language; the message says why and what to write."""


def resolve_path(path: FieldPath, roster: Roster) -> Path | None:
    """Return the path with its step resolved; None where it was refused."""
    try:
        _check_characters(path.text)
        return _resolve(path, roster)
    except _InvalidPathError as error:
        roster.findings.refuse(path.at, "invalid_path", str(error), path=excerpt(path.text)[1:-1])
        return None


def _resolve(path: FieldPath, roster: Roster) -> Path | None:
    head, dot, rest = path.text.partition(".")
    if head == "initial_prompt":
        return Path(text=path.text, root="initial_prompt", segments=_segments(rest, dot=dot, before=1))
    if head == "context":
        if not rest:
            raise _InvalidPathError('A key follows "context.". Write context.<key>.')
        return _context_path(path, rest, roster)
    if head == "steps":
        return _step_path(path, rest, roster)
    if path.text.startswith("agent_"):
        return _result_path(path, path.text, roster)
    raise _InvalidPathError(f"{excerpt(path.text)} begins with nothing known. Write {_FORMS}.")


def _step_path(path: FieldPath, rest: str, roster: Roster) -> Path | None:
    step_id = _longest(rest, roster.ids)
    if step_id is None:
        pieces = _segments(rest, dot=".", before=1)
        roster.refuse_unknown(Reference(at=path.at, name=_guess(pieces), by="step"))
        return None
    what, dot, after = rest[len(step_id) :].removeprefix(".").partition(".")
    if what not in _STEP_ROOTS:
        raise _InvalidPathError(
            f"After the step {excerpt(step_id)} comes text, data or status, not {excerpt(what)}. "
            f"Write for example steps.{step_id}.data."
        )
    segments = _segments(after, dot=dot, before=3)
    if roster.resolve(Reference(at=path.at, name=step_id, by="step")) is None:
        return None
    return Path(text=path.text, root=_STEP_ROOTS[what], step=step_id, segments=segments)


def _result_path(path: FieldPath, text: str, roster: Roster) -> Path | None:
    rest = text.removeprefix("agent_")
    name = _longest(rest, roster.names, suffix="_result")
    if name is None:
        guess = _before_result(rest)
        if not guess:
            raise _InvalidPathError(f"{excerpt(text)} begins with nothing known. Write {_FORMS}.")
        _segments(text, dot=".", before=0)
        roster.refuse_unknown(Reference(at=path.at, name=guess, by="agent_id"))
        return None
    after = rest[len(name) + len("_result") :]
    segments = _segments(after.removeprefix("."), dot=after[:1], before=1)
    step_id = roster.resolve(Reference(at=path.at, name=name, by="agent_id"))
    if step_id is None:
        return None
    return Path(text=path.text, root="result", step=step_id, segments=segments)


def _context_path(path: FieldPath, rest: str, roster: Roster) -> Path | None:
    if rest.startswith("agent_") and _longest(rest[len("agent_") :], roster.ids, suffix="_result"):
        # The key that a step's own result gets in the context: the path waits for that step.
        return _result_path(path, rest, roster)
    return Path(text=path.text, root="context", segments=_segments(rest, dot=".", before=1))


def _check_characters(text: str) -> None:
    for char in text:
        if char in _FORBIDDEN or not (char.isprintable() or char == " "):
            raise _InvalidPathError(
                f"A path holds no {excerpt(char)}. Separate keys and list positions by dots: items.0.name."
            )
        if char != "." and not char.isascii() and "." in unicodedata.normalize("NFKC", char):
            raise _InvalidPathError(f"{excerpt(char)} only looks like a dot. Write a plain one.")


def _segments(rest: str, *, dot: str, before: int) -> tuple[str, ...]:
    """Split what follows the root. `before` counts the segments that the root took."""
    if not dot:
        return ()
    pieces = tuple(rest.split("."))
    if len(pieces) + before > MAX_SEGMENTS:
        raise _InvalidPathError(f"The path has more than {MAX_SEGMENTS} segments. Shorten it.")
    if "" in pieces:
        raise _InvalidPathError("The path has an empty segment. Put one dot between two keys, and none last.")
    for piece in pieces:
        if piece.startswith("__"):
            raise _InvalidPathError(f"{excerpt(piece)} begins with two underscores. Rename that key.")
    return pieces


def _longest(rest: str, names: frozenset[str], *, suffix: str = "") -> str | None:
    """Return the longest known name that `rest` begins with, followed by the suffix and a dot or the end."""
    fitting = [name for name in names if rest == name + suffix or rest.startswith(name + suffix + ".")]
    return max(fitting, key=len, default=None)


def _before_result(rest: str) -> str:
    """Return the name that somebody may have meant in agent_<name>_result."""
    if rest.endswith("_result"):
        first, found, _ = rest.partition("_result.")
        return first if found else rest.removesuffix("_result")
    return rest.partition("_result.")[0] if "_result." in rest else ""


def _guess(pieces: tuple[str, ...]) -> str:
    """Return the unknown id of steps.<id>.data...: all before the first text, data or status."""
    for position, piece in enumerate(pieces):
        if position and piece in _STEP_ROOTS:
            return ".".join(pieces[:position])
    return pieces[0]
