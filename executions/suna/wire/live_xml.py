"""Tool calls that stand as XML in a text, taken out of it while the text is still being written.

Until 24 November 2025 Suna's agents call tools that way (suna-contract §5.2). Together the pieces that are
let through are what `xml_calls.strip_calls` makes of the whole text. No regular expressions: the text is
hostile (see there).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from executions.suna.wire.live_answer import AnswerInXml, open_end
from executions.suna.wire.xml_calls import TERMINATING_TOOLS, find_final_call

_OPEN = "<function_calls>"
_CLOSE = "</function_calls>"
_INVOKE_OPEN = '<invoke name="'
_INVOKE_CLOSE = "</invoke>"
_PARAMETER_OPEN = '<parameter name="'
_PARAMETER_CLOSE = "</parameter>"
MAX_BLOCK_CHARS = 64 * 1024
"""Of one block of calls no more is kept: its arguments are shown cut anyway."""
MAX_CALLS = 50
MAX_BLANKS = 1000
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
        # Blanks before a block are not shown, and nobody knows yet whether one follows.
        self._blanks = ""
        self._began = False

    def feed(self, piece: str) -> str:
        """Return what of the text so far may be shown now and was not shown before."""
        shown: list[str] = []
        text = self._rest + piece
        self._rest = ""
        while text:
            text = self._outside(text, shown) if self._block is None else self._inside(text)
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

    def _outside(self, text: str, shown: list[str]) -> str:
        start = text.find(_OPEN)
        if start >= 0:
            shown.append(text[:start])
            self._block, self._in_block = "", AnswerInXml()
            return text[start + len(_OPEN) :]
        held = open_end(text, _OPEN)
        shown.append(text[: len(text) - held])
        self._rest = text[len(text) - held :]
        return ""

    def _inside(self, text: str) -> str:
        end = text.find(_CLOSE)
        if end < 0:
            held = open_end(text, _CLOSE)
            self._keep(text[: len(text) - held])
            self._rest = text[len(text) - held :]
            return ""
        self._keep(text[:end])
        self.calls += read_calls(self._block or "")[: MAX_CALLS - len(self.calls)]
        self._block = None
        return text[end + len(_CLOSE) :]

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
        if not kept and len(text) <= MAX_BLANKS:
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
    while len(calls) < MAX_CALLS and (start := text.find(_INVOKE_OPEN, position)) >= 0:
        name_end = text.find('">', start)
        end = text.find(_INVOKE_CLOSE, start)
        if name_end < 0 or end < 0:
            break
        name = text[start + len(_INVOKE_OPEN) : name_end]
        calls.append(XmlCall(name=name, arguments=_arguments(name, text[start : end + len(_INVOKE_CLOSE)])))
        position = end + len(_INVOKE_CLOSE)
    return calls


def _arguments(name: str, body: str) -> str:
    if name in TERMINATING_TOOLS:
        final = find_final_call(f"{_OPEN}{body}")
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
