"""Where in a text JSON objects and arrays stand: the balanced scan of the language's section 6.

Linear in the text, whatever it holds: every bracket is parsed once, outside every string that began before
it, and what was found there is kept for whoever meets that bracket again. What the piece means, and the
other places where a result may stand, are in `results`.
"""

import re
from array import array

_BEGIN = re.compile(r"\[|\{(?=[ \t\n\r]*+[\"}])")  # a brace before anything else begins no object
_SPACE = re.compile(r"[ \t\n\r]*+")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*+"')
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][-+]?[0-9]++)?|true|false|null")
_MAX_INTEGER_DIGITS = 4300  # where CPython's own conversion stops

_VALUE, _VALUE_OR_CLOSE, _KEY, _KEY_OR_CLOSE, _COLON, _COMMA_OR_CLOSE = range(6)


class JsonScan:
    """The objects and arrays of one text. Pieces are found by where they begin, or as the longest of all.

    `_ends` holds for each bracket where its container ends, 0 for unknown, -1 for never.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._stop = max(text.rfind("}"), text.rfind("]")) + 1
        self._ends = array("q", bytes(8 * self._stop))
        self._depths = array("q", bytes(8 * self._stop))

    def find_end(self, start: int) -> int | None:
        """Return where the object or array that begins at `start` ends, None where none begins there."""
        if start >= self._stop or self._text[start] not in "[{":
            return None
        if self._ends[start] == 0:
            self._parse(start)
        return self._ends[start] if self._ends[start] > 0 else None

    def find_longest(self, *, max_depth: int, max_bytes: int) -> tuple[int, int] | None:
        """Return start and end of the longest object or array, of equals the first.

        Pieces deeper than `max_depth` or larger than `max_bytes` are passed over; what stands in them is not.
        """
        best: tuple[int, int] | None = None
        longest = 0
        for begin in _BEGIN.finditer(self._text, 0, self._stop):
            start = begin.start()
            end = self.find_end(start)
            if end is None or end - start <= longest or self._depths[start] > max_depth:
                continue
            if _has_at_most(self._text, start, end, max_bytes):
                best, longest = (start, end), end - start
        return best

    def _parse(self, start: int) -> None:
        """Parse the container that begins at `start`, and with it every one inside it."""
        text, stop, ends, depths = self._text, self._stop, self._ends, self._depths
        open_at: list[int] = []
        inner_depth: list[int] = []
        at, expect = start, _VALUE
        while at < stop:
            char = text[at]
            if char in "[{":
                if expect > _VALUE_OR_CLOSE:
                    break
                known = ends[at]
                if known < 0:
                    break
                if known:
                    inner_depth[-1] = max(inner_depth[-1], depths[at])
                    at, expect = known, _COMMA_OR_CLOSE
                    continue
                open_at.append(at)
                inner_depth.append(0)
                expect = _VALUE_OR_CLOSE if char == "[" else _KEY_OR_CLOSE
                at += 1
            elif char in "]}":
                if expect not in (_COMMA_OR_CLOSE, _VALUE_OR_CLOSE, _KEY_OR_CLOSE):
                    break
                if (text[open_at[-1]] == "[") != (char == "]"):
                    break
                at += 1
                opened, depth = open_at.pop(), inner_depth.pop() + 1
                ends[opened], depths[opened] = at, depth
                if not open_at:
                    return
                inner_depth[-1] = max(inner_depth[-1], depth)
                expect = _COMMA_OR_CLOSE
            elif char == ",":
                if expect != _COMMA_OR_CLOSE:
                    break
                expect = _VALUE if text[open_at[-1]] == "[" else _KEY
                at += 1
            elif char == '"':
                match = _STRING.match(text, at, stop)
                if match is None or expect in (_COLON, _COMMA_OR_CLOSE):
                    break
                expect = _COLON if expect in (_KEY, _KEY_OR_CLOSE) else _COMMA_OR_CLOSE
                at = match.end()
            elif char == ":":
                if expect != _COLON:
                    break
                expect = _VALUE
                at += 1
            elif char in " \t\n\r":
                at = self._skip_space(at)
            else:
                end = self._scalar_end(at) if expect <= _VALUE_OR_CLOSE else None
                if end is None:
                    break
                at, expect = end, _COMMA_OR_CLOSE
        # One wrong token is wrong for every container that is open here, not only for the innermost.
        for opened in open_at:
            ends[opened] = -1

    def _skip_space(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return at + 1 if match is None else match.end()

    def _scalar_end(self, at: int) -> int | None:
        match = _SCALAR.match(self._text, at)
        if match is None:
            return None
        if match[1] is None and match[2] is None:
            return match.end() if match.end() - at <= _MAX_INTEGER_DIGITS else None
        return match.end() if abs(float(match[0])) != float("inf") else None


def _has_at_most(text: str, start: int, end: int, max_bytes: int) -> bool:
    if end - start > max_bytes:
        return False
    return (end - start) * 4 <= max_bytes or len(text[start:end].encode("utf-8", "replace")) <= max_bytes
