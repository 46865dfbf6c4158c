"""What an agent tells its team at the end of a run: one fenced block of its answer, read strictly. Pure.

    ```renum-team
    {"messages": [{"to": "writer", "text": "..."},
                  {"to": "analyst", "text": "...", "timeout": "10m", "default": "..."},
                  {"reply_to": "3f9ac21b07d4", "text": "..."}],
     "context": [{"key": "market", "value": {"size": 3}, "merge": "replace"}],
     "result": {"answer": 42}}
    ```

Total: no text that an agent returns raises an error here, and the time is linear in its size. A block with
one mistake counts for nothing. Nothing in it is ever executed, and nothing of it reaches a plan.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, cast

from teams.workflow.durations import MAX_SECONDS, MIN_SECONDS, find_seconds
from teams.workflow.json_text import JsonTextError, parse_json_text
from teams.workflow.plan import Json

FENCE = "renum-team"
PEOPLE = "@people"
MAX_BLOCK_BYTES = 256 * 1024
MAX_CHANGES = 50
Merge = Literal["replace", "append", "merge", "max"]
MERGES: tuple[Merge, ...] = ("replace", "append", "merge", "max")

_OPENING = re.compile(rf"^ {{0,3}}(?P<marks>`{{3,}}+)[ \t]*+{FENCE}[ \t]*+\r?$", re.MULTILINE)
_CLOSING = re.compile(r"^ {0,3}`{3,}+[ \t]*+\r?$", re.MULTILINE)
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
_RESERVED = re.compile(r"agent_.*_result", re.DOTALL)
_MEMBERS = ("messages", "context", "result")
_OF_MESSAGE = ("to", "text", "reply_to", "timeout", "default")
_OF_CHANGE = ("key", "value", "merge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message. `to` is a step's id, "@people", or None for everybody; `reply_to` a message's mark."""

    text: str
    to: str | None = None
    reply_to: str | None = None
    timeout_s: float | None = None
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One key of the shared context, and how the value meets the one that is there."""

    key: str
    value: Json
    merge: Merge = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Something wrong in a block: where (a JSON pointer, "" for the whole), and a stable code."""

    pointer: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamBlock:
    """An answer with its block read. `answer` is the text without it; with mistakes the text as it stands."""

    answer: str
    messages: tuple[Said, ...] = ()
    changes: tuple[Change, ...] = ()
    result: Json = None
    mistakes: tuple[Mistake, ...] = ()


def read_team_block(text: str, *, max_messages: int, max_text_bytes: int) -> TeamBlock | None:
    """Return what the text tells the team; None where no block stands in it. The text is clean already."""
    opening = _OPENING.search(text)
    if opening is None:
        return None
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        return _refused(text, [Mistake(pointer="", code="not_closed")])
    if _OPENING.search(text, closing.end()):
        return _refused(text, [Mistake(pointer="", code="several_blocks")])
    try:
        value = parse_json_text(text[opening.end() : closing.start()], max_bytes=MAX_BLOCK_BYTES)
    except JsonTextError as error:
        return _refused(text, [Mistake(pointer="", code=error.code)])
    reader = _Reader(max_messages=max_messages, max_text_bytes=max_text_bytes)
    block = reader.read(value)
    if reader.mistakes:
        return _refused(text, reader.mistakes)
    before, behind = text[: opening.start()].rstrip(), text[closing.end() :].strip()
    answer = f"{before}\n\n{behind}".strip() if before and behind else before or behind
    return TeamBlock(answer=answer, messages=block[0], changes=block[1], result=block[2])


def find_key_fault(key: str) -> Literal["invalid_key", "reserved_key"] | None:
    """Return why an agent may not write that key of the shared context; None where it may."""
    if not _KEY.fullmatch(key):
        return "invalid_key"
    return "reserved_key" if _RESERVED.fullmatch(key) else None


def _refused(text: str, mistakes: list[Mistake]) -> TeamBlock:
    return TeamBlock(answer=text, mistakes=tuple(mistakes[:20]))


class _Reader:
    """Reads the parsed block and gathers every mistake."""

    def __init__(self, *, max_messages: int, max_text_bytes: int) -> None:
        self.mistakes: list[Mistake] = []
        self._max_messages = max_messages
        self._max_text_bytes = max_text_bytes

    def read(self, value: Json) -> tuple[tuple[Said, ...], tuple[Change, ...], Json]:
        if not self._is_object(value, "", _MEMBERS):
            return (), (), None
        said = self._list(value, "messages", self._max_messages, "too_many_messages")
        messages = [self._message(item, f"/messages/{at}") for at, item in enumerate(said)]
        given = self._list(value, "context", MAX_CHANGES, "too_many_changes")
        changes = [self._change(item, f"/context/{at}") for at, item in enumerate(given)]
        result = value.get("result")
        if result is not None and not isinstance(result, dict | list):
            self._note("/result", "wrong_type")
        return (
            tuple(one for one in messages if one is not None),
            tuple(one for one in changes if one is not None),
            result,
        )

    def _message(self, value: Json, at: str) -> Said | None:
        if not self._is_object(value, at, _OF_MESSAGE):
            return None
        text = self._text(value, "text", at, is_required=True)
        to, reply_to = self._text(value, "to", at), self._text(value, "reply_to", at)
        default = self._text(value, "default", at)
        timeout_s = None
        if "timeout" in value:
            timeout_s = find_seconds(value["timeout"])
            if timeout_s is None or not MIN_SECONDS <= timeout_s <= MAX_SECONDS:
                self._note(f"{at}/timeout", "out_of_range")
        if reply_to is not None:
            for name in {"to", "timeout"} & set(value):
                self._note(f"{at}/{name}", "unexpected_key")
        if default is not None and "timeout" not in value:
            self._note(f"{at}/default", "unexpected_key")
        return Said(text=text or "", to=to, reply_to=reply_to, timeout_s=timeout_s, default=default or "")

    def _change(self, value: Json, at: str) -> Change | None:
        if not self._is_object(value, at, _OF_CHANGE):
            return None
        key = self._text(value, "key", at, is_required=True) or ""
        fault = find_key_fault(key) if key else None
        if fault is not None:
            self._note(f"{at}/key", fault)
        if "value" not in value:
            self._note(f"{at}/value", "required")
        merge = value.get("merge", "replace")
        if not isinstance(merge, str) or merge not in MERGES:
            self._note(f"{at}/merge", "invalid_value")
            merge = "replace"
        return Change(key=key, value=value.get("value"), merge=cast("Merge", merge))

    def _list(self, value: dict[str, Json], name: str, most: int, code: str) -> list[Json]:
        given = value.get(name, [])
        if not isinstance(given, list):
            self._note(f"/{name}", "wrong_type")
            return []
        if len(given) > most:
            self._note(f"/{name}", code)
            return []
        return given

    def _text(self, value: dict[str, Json], name: str, at: str, *, is_required: bool = False) -> str | None:
        given = value.get(name)
        if given is None and not (is_required or name in value):
            return None
        if not isinstance(given, str):
            self._note(f"{at}/{name}", "required" if name not in value else "wrong_type")
            return None
        if is_required and not given.strip():
            self._note(f"{at}/{name}", "required")
        if len(given.encode("utf-8", "replace")) > self._max_text_bytes:
            self._note(f"{at}/{name}", "too_large")
        return given

    def _is_object(self, value: Json, at: str, known: Collection[str]) -> bool:
        if not isinstance(value, dict):
            self._note(at, "wrong_type")
            return False
        # The names are the agent's own words, of any length: the place is enough.
        if any(name not in known for name in value):
            self._note(at, "unknown_field")
        return True

    def _note(self, pointer: str, code: str) -> None:
        self.mistakes.append(Mistake(pointer=pointer, code=code))
