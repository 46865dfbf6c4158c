"""What holds for every page that the resolver knows: queries, scripts, and that it is whole without them."""

import gzip
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.fixtures.every_page import LIVE_PAGE, MORE_ROWS, Rows, addresses_of_pages, client_for, seed_rows
from tests.fixtures.figures import Figure

pytestmark = pytest.mark.django_db

COUNTS = Path(__file__).with_name("query_counts.json")
WRITE_COUNTS = "RENUM_WRITE_COUNTS"
BUDGET_BYTES = 100 * 1024
FEW, MANY = 2, 20


class Parts(HTMLParser):
    """Collects scripts and style sheets, and what can be read in the page's main part."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.scripts: list[dict[str, str | None]] = []
        self.sheets: list[str] = []
        self.headings = 0
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "script":
            self.scripts.append(attributes)
        if tag == "link" and attributes.get("rel") == "stylesheet":
            self.sheets.append(attributes["href"] or "")
        if tag == "h1":
            self.headings += 1
        # What a template or a noscript holds is not seen either way.
        if tag in ("main", "template", "script", "style"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open == ["main"]:
            self.words += data.split()


@pytest.fixture
def rows(db: None) -> Rows:
    """Give the rows that pages are shown with."""
    return seed_rows()


@pytest.fixture
def bodies(rows: Rows) -> dict[str, str]:
    """Give the text of each page by its name."""
    found = {}
    for name, address in addresses_of_pages(rows).items():
        response = client_for(name, rows).get(address)
        assert response.status_code == 200, f"{name} {address}: {response.status_code}"
        assert response["Content-Type"].startswith("text/html"), f"{name} is no page: put it into NO_PAGES"
        found[name] = response.content.decode()
    return found


def queries_of(client: Client, address: str) -> int:
    # What a process reads once is not the page's.
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


def test_each_page_takes_as_many_queries_as_are_written_down(rows: Rows) -> None:
    counted = {
        name: queries_of(client_for(name, rows), address)
        for name, address in addresses_of_pages(rows).items()
    }

    if os.environ.get(WRITE_COUNTS):
        COUNTS.write_text(json.dumps(counted, indent=2, sort_keys=True) + "\n")
    assert counted == json.loads(COUNTS.read_text()), f"{WRITE_COUNTS}=1 writes the numbers anew"


def test_no_page_takes_more_queries_for_twenty_rows_than_for_two(rows: Rows) -> None:
    counts: list[dict[str, int]] = []
    for first, last in ((0, FEW), (FEW, MANY)):
        for number in range(first, last):
            for make_more in MORE_ROWS:
                make_more(rows, number)
        counts.append(
            {
                name: queries_of(client_for(name, rows), page)
                for name, page in addresses_of_pages(rows).items()
            }
        )

    few, many = counts
    assert {name: (few[name], many[name]) for name in few if many[name] > few[name]} == {}


def test_no_page_waits_for_a_script(bodies: dict[str, str]) -> None:
    for name, body in bodies.items():
        for script in Parts(body).scripts:
            waits = {"defer", "async"}.isdisjoint(script) and script.get("type") != "module"
            assert not waits, f"{name}: {script}"


def test_every_page_says_what_it_is_about_without_a_script(bodies: dict[str, str]) -> None:
    assert len(bodies) >= 10
    for name, body in bodies.items():
        parts = Parts(body)
        assert parts.headings == 1, name
        assert len(parts.words) >= 5, f"{name}: {parts.words}"
        assert "<noscript" not in body, f"{name} is another one without scripts"


def test_the_live_page_is_light(bodies: dict[str, str], figure: Figure) -> None:
    parts = Parts(bodies[LIVE_PAGE])
    sizes = {}
    for address in [*parts.sheets, *(script.get("src") or "" for script in parts.scripts)]:
        path = finders.find(re.sub(r"^/static/", "", address))
        assert path, address
        sizes[address] = len(gzip.compress(Path(str(path)).read_bytes(), mtime=0))

    figure("live_page_bytes_gzipped", sum(sizes.values()))
    assert sizes
    assert sum(sizes.values()) < BUDGET_BYTES, sizes
