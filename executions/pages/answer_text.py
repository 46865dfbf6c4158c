"""Answers as pages show them: data laid out line by line, text as markdown where a page can bear it."""

import json
from dataclasses import dataclass
from typing import Literal

from teams.workflow.plan import Json

MAX_ANSWER_CHARS = 50_000
"""Of one answer the page shows no more: a browser gets slow on megabytes of text."""
MAX_FORMATTED_CHARS = 30_000
"""Of all steps together: markdown takes some 3 ms a kilobyte, and the page is made anew with each change."""
Looks = Literal["data", "markdown", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerText:
    """An answer for a page: how it looks, and whether it was cut."""

    text: str
    looks: Looks
    is_cut: bool


def build_answer(text: str | None, data: Json = None) -> AnswerText | None:
    """Return the answer; None where there is neither text nor data.

    A text that is a JSON object or list is laid out as data, as is data without a text.
    """
    laid_out = _lay_out(text) if text else None if data is None else _dump(data)
    shown = laid_out or text
    if not shown:
        return None
    return AnswerText(
        text=shown[:MAX_ANSWER_CHARS],
        looks="markdown" if laid_out is None else "data",
        is_cut=len(shown) > MAX_ANSWER_CHARS,
    )


def spare_formatting(answer: AnswerText | None, *, formatted_chars: int) -> AnswerText | None:
    """Return the answer as plain text where, after `formatted_chars` of others, it is too much to format."""
    if answer is None or answer.looks != "markdown":
        return answer
    if formatted_chars + len(answer.text) <= MAX_FORMATTED_CHARS:
        return answer
    return AnswerText(text=answer.text, looks="plain", is_cut=answer.is_cut)


def _lay_out(text: str) -> str | None:
    """Return the text laid out where it is a JSON object or list that survives it unchanged, else None."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return _dump(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _dump(data: Json) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
