"""The parser: CommonMark with tables, struck-out text and tasks; no HTML, no pictures, no ids, no styles."""

from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from teams.markdown.leaving import is_leavable, leave_address

MAX_NESTING = 40
MAX_LINKS = 500
RELATION = "noopener nofollow"
"""Of a link to our own page, which offers the way back; the link there sends no referrer to anybody."""
_BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
_SIDES = {"text-align:right": "to-right", "text-align:center": "to-center"}


@cache
def parser() -> MarkdownIt:
    """Return the parser. It keeps nothing from one text to the next."""
    markdown = MarkdownIt(
        "commonmark", {"html": False, "breaks": True, "linkify": False, "maxNesting": MAX_NESTING}
    )
    markdown.enable(["table", "strikethrough"])
    markdown.disable(["html_block", "html_inline"])
    # What is no address to leave to stays the text that it is.
    markdown.validateLink = is_leavable  # type: ignore[method-assign,assignment]
    markdown.core.ruler.push("renum", _make_ours)
    markdown.add_render_rule("table_open", _open_table)
    markdown.add_render_rule("table_close", _close_table)
    markdown.add_render_rule("fence", _code)
    markdown.add_render_rule("code_block", _code)
    return markdown


def is_too_deep(tokens: Sequence[Token]) -> bool:
    """Whether the text nests so deep that the parser left out what lies beneath."""
    return any(token.nesting == 1 and token.level >= MAX_NESTING - 1 for token in tokens)


def _make_ours(state: StateCore) -> None:
    """Shift headings to `top` of the environment, tick boxes, let links and pictures lead to our page."""
    shift = int(state.env.get("top", 1)) - 1
    left = MAX_LINKS
    item_began = False
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + shift)}"
        elif token.type in ("th_open", "td_open"):
            side = _SIDES.get(str(token.attrs.pop("style", "")))
            if side:
                token.attrSet("class", side)
        elif token.type == "inline" and token.children:
            if item_began:
                _tick(token.children[0])
            token.children, left = _ask_before_leaving(token.children, left)
        item_began = token.type == "list_item_open" or (item_began and token.type == "paragraph_open")


def _tick(first: Token) -> None:
    box = _BOXES.get(first.content[:4]) if first.type == "text" else None
    if box:
        first.content = box + first.content[4:]


def _ask_before_leaving(children: Sequence[Token], left: int) -> tuple[list[Token], int]:
    """Return the tokens with links to our page, and how many more links the text may have.

    A picture becomes a link with its words; within a link only its words are left.
    """
    made: list[Token] = []
    in_link = False
    is_left_out = False
    for token in children:
        if token.type == "link_open":
            in_link, is_left_out = True, left <= 0
            if not is_left_out:
                left -= 1
                made.append(_link(str(token.attrGet("href") or "")))
        elif token.type == "link_close":
            in_link = False
            if not is_left_out:
                made.append(token)
        elif token.type == "image":
            address = str(token.attrGet("src") or "")
            words = _text(token.content or address)
            if in_link or left <= 0:
                made.append(words)
            else:
                left -= 1
                made += [_link(address), words, Token("link_close", "a", -1)]
        else:
            made.append(token)
    return made, left


def _link(address: str) -> Token:
    return Token("link_open", "a", 1, attrs={"href": leave_address(address), "rel": RELATION})


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _open_table(
    self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
) -> str:
    # Reached by the keyboard, since it may have to be scrolled.
    return '<div class="wide" tabindex="0"><table>\n'


def _close_table(
    self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
) -> str:
    return "</table></div>\n"


def _code(self: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
    return f"<pre><code>{escapeHtml(tokens[idx].content)}</code></pre>\n"
