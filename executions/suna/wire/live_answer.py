"""What an agent is just writing as the text of `complete` or `ask`, while the call is not written out yet.

Such a text is the answer itself, and may take minutes. What is shown of it is what can be read so far; the
finished message says how it really ended. No regular expressions: the text is hostile (see `xml_calls`).
"""

import json

from executions.suna.wire.values import Json, clean_text
from executions.suna.wire.xml_calls import TERMINATING_TOOLS

_INVOKES = tuple(f'<invoke name="{tool}">' for tool in TERMINATING_TOOLS)
_TEXT_OPEN = '<parameter name="text">'
_TEXT_CLOSE = "</parameter>"
_KEY = '"text"'
_LONGEST = max(len(tag) for tag in (*_INVOKES, _TEXT_OPEN))


class AnswerInXml:
    """Takes a block of calls piece by piece; lets through the text of the call that ends the run."""

    def __init__(self) -> None:
        self._waits_for: tuple[str, ...] = _INVOKES
        self._rest = ""
        self._is_over = False

    def feed(self, piece: str) -> str:
        """Return what of the answer may be shown now and was not shown before."""
        if self._is_over:
            return ""
        text, self._rest = self._rest + piece, ""
        while self._waits_for:
            found = [(at, tag) for tag in self._waits_for if (at := text.find(tag)) >= 0]
            if not found:
                self._rest = text[-(_LONGEST - 1) :]
                return ""
            at, tag = min(found)
            text = text[at + len(tag) :]
            self._waits_for = (_TEXT_OPEN,) if tag != _TEXT_OPEN else ()
        end = text.find(_TEXT_CLOSE)
        if end >= 0:
            # A text may hold such a tag itself: then the finished message has the rest.
            self._is_over = True
            return text[:end]
        held = open_end(text, _TEXT_CLOSE)
        self._rest = text[len(text) - held :]
        return text[: len(text) - held]


def read_growing_text(arguments: Json) -> str:
    """Return what can be read of the argument `text`, of an object or of JSON that is being written."""
    if isinstance(arguments, dict):
        text = arguments.get("text")
        return clean_text(text) if isinstance(text, str) else ""
    if not isinstance(arguments, str):
        return ""
    start = _find_value(arguments)
    if start is None:
        return ""
    try:
        text = json.loads(f'"{arguments[start : _find_end(arguments, start)]}"', strict=False)
    except ValueError:
        # A model may write what is no JSON: the finished message tells it.
        return ""
    return clean_text(text[:-1] if text and "\ud800" <= text[-1] <= "\udbff" else text)


def _find_value(arguments: str) -> int | None:
    """Return where the text begins. Within a JSON text no plain quotation mark stands, so a key is a key."""
    position = 0
    while (at := arguments.find(_KEY, position)) >= 0:
        position = at + len(_KEY)
        rest = arguments[position : position + 20].lstrip()
        if rest.startswith(":") and rest[1:].lstrip().startswith('"'):
            return arguments.index('"', position) + 1
    return None


def _find_end(arguments: str, start: int) -> int:
    """Return where the text ends, or where an escape begins that is not written out yet."""
    position = start
    while True:
        quote, escape = arguments.find('"', position), arguments.find("\\", position)
        if escape < 0 or 0 <= quote < escape:
            return quote if quote >= 0 else len(arguments)
        length = 6 if arguments[escape + 1 : escape + 2] == "u" else 2
        if escape + length > len(arguments):
            return escape
        position = escape + length


def open_end(text: str, tag: str) -> int:
    """Return how many characters at the end of a text may be the beginning of a tag."""
    for length in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:length]):
            return length
    return 0
