"""The builder's form as a browser without scripts would send it."""

import html
import re
from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.test import Client


class _Fields(HTMLParser):
    """Collects what a browser would send of the builder's form, without its buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self._inside = False
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._inside = "builder" in (given.get("class") or "")
        name = given.get("name") or ""
        if not self._inside:
            return
        if tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.sent.setdefault(name, []).append(given.get("value") or "")
        elif tag == "textarea":
            self._area = name
            self.sent[name] = [""]
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.sent[self._select] = [given.get("value") or ""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            # A browser drops the first line break of a text area.
            self.sent[self._area] = [self.sent[self._area][0].removeprefix("\n").replace("\n", "\r\n")]
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self.sent[self._area][0] += data


def fields_of(response: Any) -> dict[str, list[str]]:
    parser = _Fields()
    parser.feed(response.content.decode())
    return parser.sent


def send(client: Client, response: Any, op: str, **others: str | list[str]) -> Any:
    """Send the form of a page as a browser would, with some fields changed; `s0__role` is `s0-role`."""
    changed = {name.replace("__", "-"): value for name, value in others.items()}
    return client.post(response.request["PATH_INFO"], {**fields_of(response), **changed, "op": op})


def text_of(response: HttpResponse) -> str:
    return text_of_page(response.content.decode())


def text_of_page(content: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", content))
