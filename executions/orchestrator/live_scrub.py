"""Taking a run's keys out of its live output, also where one is split over pieces of a text or cut short.

What may be the beginning of a key is held back until it is known that it is none. Where a text ends in so
much of a key that it would help anybody, that is hidden as well.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace

from executions.agent_service import SecretText
from executions.live_output import LeftOut, LiveEvent, TextPiece, ToolFinished, ToolStarted, WholeMessage
from executions.orchestrator.scrub import HIDDEN

TELLING_CHARS = 6
"""A text that ends in fewer characters of a key tells nobody anything: most keys begin alike."""


class LiveScrubber:
    """Scrubs the events of one run, in their order."""

    def __init__(self, secrets: Iterable[SecretText]) -> None:
        forms = {form for secret in secrets for form in _forms(secret.reveal())}
        # The longest first: one of the keys may be the beginning of another.
        self._values = sorted(forms, key=lambda form: (-len(form), form))
        self._keys = re.compile("|".join(map(re.escape, self._values)))
        self._held: TextPiece | None = None

    def scrub(self, event: LiveEvent) -> list[LiveEvent]:
        """Return what may be told now."""
        if not self._values:
            return [event]
        if isinstance(event, TextPiece):
            return self._scrub_piece(event)
        before = self.flush() if isinstance(event, WholeMessage) else []
        return [*before, self._scrub_whole(event)]

    def flush(self) -> list[LiveEvent]:
        """Return what was held back: nothing more comes of its text."""
        held, self._held = self._held, None
        if held is None or not held.text:
            return []
        return [replace(held, text=self._hide(held.text))]

    def _scrub_piece(self, piece: TextPiece) -> list[LiveEvent]:
        told: list[LiveEvent] = []
        if self._held is not None and self._held.message != piece.message:
            told = self.flush()
        text, held = self._split((self._held.text if self._held else "") + piece.text)
        # An empty piece is told too: pieces are counted.
        told.append(replace(piece, text=text))
        self._held = replace(piece, text=held)
        return told

    def _scrub_whole(self, event: LiveEvent) -> LiveEvent:
        match event:
            case WholeMessage(text=text):
                return replace(event, text=self._hide(text))
            case ToolStarted(name=name, arguments=arguments):
                return replace(event, name=self._hide(name), arguments=self._hide(arguments))
            case ToolFinished(name=name, output=output):
                return replace(event, name=self._hide(name), output=self._hide(output))
            case TextPiece() | LeftOut():
                return event

    def _hide(self, text: str) -> str:
        """Hide every key in a text that is over, and the beginning of one at its end."""
        # A text that was cut ends in an ellipsis.
        end = "…" if text.endswith("…") else ""
        told, held = self._split(text.removesuffix(end) if end else text)
        if len(held) >= TELLING_CHARS:
            held = HIDDEN
        return told + self._keys.sub(HIDDEN, held) + end

    def _split(self, text: str) -> tuple[str, str]:
        """Return a text without its keys, up to where one may begin that is not whole yet, and the rest."""
        told: list[str] = []
        position, open_at = 0, self._find_open_end(text, 0)
        for key in self._keys.finditer(text):
            if key.start() >= open_at:
                break
            told += [text[position : key.start()], HIDDEN]
            position = key.end()
            if position > open_at:
                open_at = self._find_open_end(text, position)
        return "".join(told) + text[position:open_at], text[open_at:]

    def _find_open_end(self, text: str, since: int) -> int:
        """Return where, from `since` on, the text ends in what may be the beginning of a key."""
        longest = len(self._values[0])
        for start in range(max(since, len(text) - longest + 1), len(text)):
            end = text[start:]
            if any(len(value) > len(end) and value.startswith(end) for value in self._values):
                return start
        return len(text)


def _forms(value: str) -> set[str]:
    """Return a key as it stands in a text, and in JSON within a text, once or twice quoted."""
    once = json.dumps(value, ensure_ascii=False)[1:-1]
    return {value, once, json.dumps(once, ensure_ascii=False)[1:-1]} - {""}
