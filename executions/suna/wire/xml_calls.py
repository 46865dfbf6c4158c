"""Tool calls written as XML inside an assistant's text, as Suna had them until 24 November 2025.

Everything here is one pass with `find`: an agent's text is hostile, and a regular expression over eight
megabytes of half-open tags would hold the driver for minutes.
"""

import json
from dataclasses import dataclass

_BLOCK_OPEN = "<function_calls>"
_BLOCK_CLOSE = "</function_calls>"
_TEXT_OPEN = '<parameter name="text">'
_PARAMETER_OPEN = '<parameter name="'
_PARAMETER_CLOSE = "</parameter>"
_INVOKE_CLOSE = "</invoke>"
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


def find_final_call(content: str) -> FinalCall | None:
    """Return the last call of `ask` or `complete` in an assistant's text, or None."""
    block = content.rfind(_BLOCK_OPEN)
    if block < 0:
        return None
    position, tool = max(
        (content.rfind(f'<invoke name="{name}">', block), name) for name in TERMINATING_TOOLS
    )
    if position < 0:
        return None
    end = content.rfind(_INVOKE_CLOSE, position)
    body = content[position : end if end >= 0 else len(content)]
    return FinalCall(
        tool=tool,
        text=_text_parameter(body),
        options=split_list(_parameter(body, "follow_up_answers")),
        attachments=split_list(_parameter(body, "attachments")),
    )


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
    position = 0
    while (start := content.find(_BLOCK_OPEN, position)) >= 0:
        parts.append(content[position:start])
        end = content.find(_BLOCK_CLOSE, start)
        if end < 0:
            return "".join(parts).strip()
        position = end + len(_BLOCK_CLOSE)
    parts.append(content[position:])
    return "".join(parts).strip()


def _parameter(body: str, name: str) -> str:
    """Return an argument that comes after the text, so that what the text quotes is not taken for it."""
    start = body.rfind(f'{_PARAMETER_OPEN}{name}">')
    if start < 0:
        return ""
    start += len(_PARAMETER_OPEN) + len(name) + 2
    end = body.find(_PARAMETER_CLOSE, start)
    return body[start : end if end >= 0 else len(body)]


def _text_parameter(body: str) -> str | None:
    """Return the argument `text`.

    It may itself hold closing tags, so its end is the last one before the next parameter.
    """
    start = body.find(_TEXT_OPEN)
    if start < 0:
        return None
    start += len(_TEXT_OPEN)
    following = body.find(_PARAMETER_OPEN, start)
    limit = following if following >= 0 else len(body)
    end = body.rfind(_PARAMETER_CLOSE, start, limit)
    return body[start : end if end >= 0 else limit].strip() or None
