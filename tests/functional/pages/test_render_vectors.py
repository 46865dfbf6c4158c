"""Hostile texts, one by one, through the filters that pages use: only what the list names comes out."""

import re
from html.parser import HTMLParser

import pytest
from django.template import Context, Template

from teams.markdown.allowed import TAGS
from tests.fixtures.render_vectors import VECTORS

ALLOWED = {
    ("a", "href"),
    ("a", "rel"),
    ("div", "class"),
    ("div", "dir"),
    ("div", "tabindex"),
    ("ol", "start"),
    ("td", "class"),
    ("th", "class"),
}
CLASSES = {"markdown", "text", "wide", "to-right", "to-center"}
TEMPLATE = Template("{% load renum %}{{ text|markdown }}")
PLAIN = Template("{% load renum %}{{ text|visible }}")
DECEIVING = re.compile("[\0\x1b\u200b\u2028\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e0fff]")


class Found(HTMLParser):
    """Notes every tag, attribute and declaration."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.other: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def test_there_are_enough_of_them_and_no_two_are_the_same() -> None:
    assert len(set(VECTORS)) == len(VECTORS) >= 150


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_a_hostile_text_becomes_nothing_but_allowed_tags_and_attributes(vector: str) -> None:
    html = TEMPLATE.render(Context({"text": vector}))
    found = Found()
    found.feed(html)
    found.close()

    assert set(found.tags) <= TAGS
    assert found.other == []
    assert {(tag, name) for tag, name, _ in found.attributes} <= ALLOWED
    for tag, name, value in found.attributes:
        if name == "href":
            assert value.startswith("/leave/?to=")
        if name == "class":
            assert value in CLASSES, tag
    assert not DECEIVING.search(html)


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_a_hostile_text_of_one_line_has_no_tag_at_all(vector: str) -> None:
    html = PLAIN.render(Context({"text": vector}))

    assert not re.search(r"[<>\"']", html)
    assert not DECEIVING.search(html)
