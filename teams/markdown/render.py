"""A text as safe HTML: as markdown where a page can bear its size and kind, else as plain text."""

import re

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from teams.markdown.allowed import keep_allowed
from teams.markdown.parser import is_too_deep, parser
from teams.markdown.visible import make_visible

MAX_CHARS = 200_000
MAX_MARKS = 6_000
"""Of lines and of characters that may mean something to markdown: the parser's time grows with them."""
MARKS_OF_A_LINK = 8
"""An address is taken apart, encoded and signed."""
TOP_HEADING = 3
_MARKS = re.compile(r"[\[\]*_~`<>&\\|!()]|^[ \t]*(?:[-+#>]|\d{1,9}[.)])", re.MULTILINE)


def render_markdown(text: str, *, top_heading: int = TOP_HEADING) -> SafeString:
    """Return the text as HTML that loads nothing, runs nothing and keeps to itself.

    `top_heading` (1 to 6) is the level that the text's first headings get. A text of more than MAX_CHARS
    characters or MAX_MARKS marks, or nested out of all measure, comes as plain text.
    """
    visible = make_visible(text)
    if len(visible) > MAX_CHARS or _count_marks(visible) > MAX_MARKS:
        return render_plain(text)
    markdown = parser()
    tokens = markdown.parse(visible, env := {"top": top_heading})
    if is_too_deep(tokens):
        return render_plain(text)
    html = keep_allowed(markdown.renderer.render(tokens, markdown.options, env))
    # The list of allowed tags has passed it: this is the one place where that is said.
    return format_html('<div class="markdown" dir="auto">{}</div>', mark_safe(html))  # noqa: S308


def render_plain(text: str) -> SafeString:
    """Return the text as it is, line by line, each hidden character named."""
    return format_html('<div class="text" dir="auto">{}</div>', make_visible(text))


def _count_marks(text: str) -> int:
    links = text.count("](") + text.count("<http")
    return text.count("\n") + sum(1 for _ in _MARKS.finditer(text)) + MARKS_OF_A_LINK * links
