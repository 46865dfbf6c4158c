"""Words in templates that no translation reaches: text and spoken attributes that nothing marks."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

SPOKEN = {"alt", "title", "placeholder", "aria-label", "aria-description", "data-confirm"}
_SILENT = {"code", "pre", "script", "style", "kbd"}
_TRANSLATED = re.compile(
    r"{%\s*comment.*?endcomment\s*%}|{#.*?#}|{%\s*blocktrans(?:late)?\b.*?endblocktrans(?:late)?\s*%}",
    re.DOTALL,
)
_LANGUAGE = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2,}")


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._silent = 0
        self._other = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        # A button in another language's own name says so.
        self._other = any(name == "lang" for name, _ in attrs) and tag != "html"
        for name, value in attrs:
            if name in SPOKEN and value and _WORD.search(value):
                self.found.append((self.getpos()[0], value.strip()))

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT
        self._other = False

    def handle_data(self, data: str) -> None:
        if not self._silent and not self._other and _WORD.search(data):
            self.found.append((self.getpos()[0], " ".join(data.split())))


def unmarked_texts(template: str) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of each text of a template that is no call for a translation."""

    def blank(match: re.Match[str]) -> str:
        # The lines stay where they are.
        return re.sub(r"[^\n]", " ", match[0])

    blanked = _LANGUAGE.sub(blank, _TRANSLATED.sub(blank, template))
    if "=" in blanked and "<" not in blanked:
        # Attributes for the tags of those that include it.
        blanked = f"<i {blanked}>"
    parser = _Texts()
    parser.feed(blanked)
    yield from parser.found
