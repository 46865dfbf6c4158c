"""Tool calls that stand as XML in a text, taken out of it while the text is still being written.

Until 24 November 2025 Suna's agents call tools that way (suna-contract §5.2). Together the pieces that are
let through are what `xml_calls.strip_calls` makes of the whole text, which is hostile (see there).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from executions.suna.wire.live_answer import AnswerInXml
from executions.suna.wire.xml_calls import (
    BLANKS,
    BLOCK_CLOSE,
    BLOCK_OPEN,
    INVOKE_CLOSE,
    INVOKE_OPEN,
    MAX_BLANKS,
    TERMINATING_TOOLS,
    find_final_call,
    find_marks,
)

_PARAMETER_OPEN = '<parameter name="'
_PARAMETER_CLOSE = "</parameter>"
MAX_BLOCK_CHARS = 64 * 1024
"""Of one block of calls no more is kept: its arguments are shown cut anyway."""
MAX_CALLS = 50
_PAIRS = ((BLOCK_OPEN, INVOKE_OPEN), (INVOKE_CLOSE, BLOCK_CLOSE))
_MAX_MARK_CHARS = len(BLOCK_OPEN) + MAX_BLANKS + len(BLOCK_CLOSE)
MAX_HELD_BLANKS = 1000
"""More blanks in a row are let through at once: holding back ever more would cost ever more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlCall:
    """A call that was written out: the tool, and its arguments as a text."""

    name: str
    arguments: str


class CallFilter:
    """Takes a message piece by piece and lets through what is not a block of calls.

    `answer` is told, as it comes, the text of a call within a block that ends the run.
    """

    def __init__(self, *, answer: Callable[[str], None] = lambda _: None) -> None:
        self.calls: list[XmlCall] = []
        self._answer = answer
        self._in_block = AnswerInXml()
        self._rest = ""
        self._block: str | None = None
        self._depth = 0
        # Blanks before a block are not shown, and nobody knows yet whether one follows.
        self._blanks = ""
        self._began = False

    def feed(self, piece: str) -> str:
        """Return what of the text so far may be shown now and was not shown before."""
        shown: list[str] = []
        text = self._rest + piece
        position = 0
        for mark in find_marks(text):
            self._take(text[position : mark.start], shown)
            if mark.opens:
                self._open(text[mark.start : mark.end])
            else:
                self._close(text[mark.start : mark.end], shown)
            position = mark.end
        held = _find_open_end(text, position)
        self._take(text[position:held], shown)
        self._rest = text[held:]
        return self._trim("".join(shown))

    def flush(self) -> str:
        """Return what was held back, now that the message is finished."""
        if self._block is not None:
            self._rest = ""
        held, self._rest = self._rest, ""
        return self._trim(held)

    def find_calls(self) -> list[XmlCall]:
        """Return the calls that were written out so far, those of an open block too."""
        return [*self.calls, *(read_calls(self._block) if self._block else [])]

    def _take(self, text: str, shown: list[str]) -> None:
        if self._depth:
            self._keep(text)
        else:
            shown.append(text)

    def _open(self, tags: str) -> None:
        if self._depth:
            self._keep(tags)
        else:
            self._block, self._in_block = "", AnswerInXml()
            self._keep(INVOKE_OPEN)
        self._depth += 1

    def _close(self, tags: str, shown: list[str]) -> None:
        self._take(tags, shown)
        if self._depth:
            self._depth -= 1
            if not self._depth:
                self.calls += read_calls(self._block or "")[: MAX_CALLS - len(self.calls)]
                self._block = None

    def _keep(self, text: str) -> None:
        answer = self._in_block.feed(text)
        if answer:
            self._answer(answer)
        block = self._block or ""
        self._block = block + text[: MAX_BLOCK_CHARS - len(block)]

    def _trim(self, text: str) -> str:
        if not self._began:
            text = text.lstrip()
        if not text:
            return ""
        text = self._blanks + text
        kept = text.rstrip()
        if not kept and len(text) <= MAX_HELD_BLANKS:
            self._blanks = text
            return ""
        kept = kept or text
        self._began = True
        self._blanks = text[len(kept) :]
        return kept


def read_calls(text: str) -> list[XmlCall]:
    """Return the calls that are written out in a text, in order; one that is cut off is none yet."""
    calls: list[XmlCall] = []
    position = 0
    while len(calls) < MAX_CALLS and (start := text.find(INVOKE_OPEN, position)) >= 0:
        name_end = text.find('">', start)
        end = text.find(INVOKE_CLOSE, start)
        if name_end < 0 or end < 0:
            break
        name = text[start + len(INVOKE_OPEN) : name_end]
        calls.append(XmlCall(name=name, arguments=_arguments(name, text[start : end + len(INVOKE_CLOSE)])))
        position = end + len(INVOKE_CLOSE)
    return calls


def _arguments(name: str, body: str) -> str:
    if name in TERMINATING_TOOLS:
        final = find_final_call(f"{BLOCK_OPEN}{body}")
        return final.text or "" if final is not None else ""
    found: dict[str, str] = {}
    position = 0
    while (start := body.find(_PARAMETER_OPEN, position)) >= 0:
        name_end = body.find('">', start)
        end = body.find(_PARAMETER_CLOSE, start)
        if name_end < 0 or end < 0:
            break
        found[body[start + len(_PARAMETER_OPEN) : name_end]] = body[name_end + 2 : end]
        position = end + len(_PARAMETER_CLOSE)
    return json.dumps(found, ensure_ascii=False) if found else ""


def _find_open_end(text: str, begin: int) -> int:
    """Return from where on the end of a text may be the beginning of a mark; its length where none is."""
    position = text.find("<", max(begin, len(text) - _MAX_MARK_CHARS))
    while position >= 0:
        if any(_may_become(text[position:], lead, follow) for lead, follow in _PAIRS):
            return position
        position = text.find("<", position + 1)
    return len(text)


def _may_become(end: str, lead: str, follow: str) -> bool:
    if len(end) <= len(lead):
        return lead.startswith(end)
    if not end.startswith(lead):
        return False
    after = end[len(lead) :].lstrip(BLANKS)
    return follow.startswith(after) and len(end) - len(lead) - len(after) <= MAX_BLANKS
