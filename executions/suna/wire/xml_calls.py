"""Tool calls written as XML inside an assistant's text, as Suna had them until 24 November 2025.

An agent may write of such calls in what it says. So a block begins only where a call follows its tag, it ends
only where its tag follows a call, and a whole block within a block belongs to what the outer one says.

An agent's text is hostile: eight megabytes of half-open tags must not hold the driver for minutes. Nothing
here looks at a character more than a bounded number of times, the regular expressions neither.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

BLOCK_OPEN = "<function_calls>"
BLOCK_CLOSE = "</function_calls>"
INVOKE_OPEN = '<invoke name="'
INVOKE_CLOSE = "</invoke>"
BLANKS = " \t\r\n"
MAX_BLANKS = 100
"""Between the two tags that open or close a block; with more, what stands there is text."""
_MARK = re.compile(
    rf"{BLOCK_OPEN}[{BLANKS}]{{0,{MAX_BLANKS}}}(?P<opens>{INVOKE_OPEN})"
    rf"|{INVOKE_CLOSE}[{BLANKS}]{{0,{MAX_BLANKS}}}{BLOCK_CLOSE}"
)
_PARAMETER = re.compile(r'<parameter name="([a-z_]{1,50})">')
_NEXT_PARAMETER = re.compile(rf'</parameter>[{BLANKS}]{{0,{MAX_BLANKS}}}<parameter name="([a-z_]{{1,50}})">')
_NEXT_CALL = re.compile(rf"{INVOKE_CLOSE}[{BLANKS}]{{0,{MAX_BLANKS}}}{INVOKE_OPEN}")
_PARAMETER_CLOSE = "</parameter>"
MAX_LIST_CHARS = 20_000
TERMINATING_TOOLS = ("ask", "complete")
"""The tools that end a run; an assistant's text holds at most one (suna-contract §5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalCall:
    """The call that ended a run: `complete`, or `ask` for a question to a human. `text` is its argument.

    `options` are the answers that it offers, `attachments` the names of the files that it shows. `cleaned`:
    its arguments held what cannot be stored, which was replaced.
    """

    tool: str
    text: str | None
    options: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    cleaned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place, from `start` to before `end`, at which a block opens or closes.

    Behind an opening stands the name of the block's first call.
    """

    start: int
    end: int
    opens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A block that stands in no other one, from `start` to before `end`.

    Its body begins with the name of its first call and ends before the end of its last one. `quoted` are the
    blocks within it.
    """

    start: int
    end: int
    body_start: int
    body_end: int
    quoted: tuple[tuple[int, int], ...] = ()


def find_marks(text: str) -> Iterator[Mark]:
    """Yield the places at which blocks open or close."""
    for match in _MARK.finditer(text):
        yield Mark(start=match.start(), end=match.end(), opens=match["opens"] is not None)


def find_final_call(content: str) -> FinalCall | None:
    """Return the first call of `ask` or `complete` in a block of an assistant's text, or None."""
    for block in _find_blocks(content):
        for start in _find_calls(content, block):
            name, _, _ = content[start : start + 20].partition('">')
            if name not in TERMINATING_TOOLS:
                continue
            found = _read_parameters(content, replace(block, body_start=start))
            return FinalCall(
                tool=name,
                text=found.get("text", "").strip() or None,
                options=split_list(found.get("follow_up_answers", "")),
                attachments=split_list(found.get("attachments", "")),
            )
    return None


def split_list(value: str) -> tuple[str, ...]:
    """Return what a model wrote as a list: JSON where it is, else the parts between commas.

    It is a model's own text, so that anything may stand there; what is no text is left out.
    """
    value = value.strip()[:MAX_LIST_CHARS]
    if value.startswith("["):
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return ()
        return tuple(item.strip() for item in found if isinstance(item, str) and item.strip())
    return tuple(part.strip() for part in value.split(",") if part.strip())


def strip_calls(content: str) -> str:
    """Return an assistant's text without its blocks of calls; an unclosed block reaches to the end."""
    parts: list[str] = []
    position = depth = 0
    for mark in find_marks(content):
        if mark.opens:
            if depth == 0:
                parts.append(content[position : mark.start])
            depth += 1
        elif depth > 0:
            depth -= 1
            position = mark.end
    if depth == 0:
        parts.append(content[position:])
    return "".join(parts).strip()


def _find_blocks(content: str) -> Iterator[_Block]:
    """Yield the blocks, one after the other. One that is never closed ends with the last end of any block.

    So it does where what it says holds the beginning of a block and not its end.
    """
    opened: list[Mark] = []
    quoted: list[tuple[int, int]] = []
    last_close: Mark | None = None
    for mark in find_marks(content):
        if mark.opens:
            opened.append(mark)
        elif opened:
            last_close = mark
            begin = opened.pop()
            if opened:
                quoted.append((begin.start, mark.end))
                continue
            yield _Block(
                start=begin.start,
                end=mark.end,
                body_start=begin.end,
                body_end=mark.start,
                quoted=tuple(quoted),
            )
            quoted.clear()
            last_close = None
    if opened:
        first = opened[0]
        end = len(content) if last_close is None else last_close.end
        body_end = len(content) if last_close is None else last_close.start
        inner = tuple(span for span in quoted if span[1] != end)
        yield _Block(start=first.start, end=end, body_start=first.end, body_end=body_end, quoted=inner)


def _find_calls(content: str, block: _Block) -> Iterator[int]:
    """Yield where the name of each call of a block begins."""
    yield block.body_start
    quoted = iter(sorted(block.quoted))
    span = next(quoted, None)
    for match in _NEXT_CALL.finditer(content, block.body_start, block.body_end):
        while span is not None and span[1] <= match.start():
            span = next(quoted, None)
        if span is None or span[0] > match.start():
            yield match.end()


def _read_parameters(content: str, block: _Block) -> dict[str, str]:
    """Return the arguments of a block's first call. An argument may itself hold closing tags.

    So each ends where the next one begins, the last one at the last closing tag of the block.
    """
    first = _PARAMETER.search(content, block.body_start, block.body_end)
    if first is None:
        return {}
    found: dict[str, str] = {}
    name, begin = first[1], first.end()
    quoted = iter(sorted(block.quoted))
    span = next(quoted, None)
    for following in _NEXT_PARAMETER.finditer(content, begin, block.body_end):
        while span is not None and span[1] <= following.start():
            span = next(quoted, None)
        if span is not None and span[0] <= following.start():
            continue
        found.setdefault(name, content[begin : following.start()])
        name, begin = following[1], following.end()
    end = content.rfind(_PARAMETER_CLOSE, begin, block.body_end)
    found.setdefault(name, content[begin : end if end >= 0 else block.body_end])
    return found
