"""While PostgreSQL or Redis has no time for a page: whoever asks is told to ask again in a moment."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection, transaction
from django.test import Client
from django_redis import get_redis_connection

from teams.models import Team, User
from tests.fixtures.every_page import Rows, addresses_of_pages, client_for, seed_rows
from tests.fixtures.figures import Figure
from tests.functional.pages.test_every_page import COUNTS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_redis")]

BUSY = {"en": "Renum is busy or cannot reach a part of itself.", "pt-br": "O Renum está ocupado"}


class SlowFrom:
    """Lets PostgreSQL work too long at one statement, counted from 0: it ends it as the site's limit says."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.seen = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.seen += 1
        if self.seen <= self.number:
            return execute(sql, params, many, context)
        # Not by the statement's own cursor: one of the server takes nothing but a query.
        database = context["connection"]
        with database.wrap_database_errors:
            database.connection.execute("SET LOCAL statement_timeout = '1ms'")
            return database.connection.execute("SELECT pg_sleep(30)")


def answer_slowly(client: Client, address: str, *, number: int, language: str = "en") -> tuple[Any, bool]:
    """Ask for a page; return the answer, and whether the page came to a statement of that number."""
    slow = SlowFrom(number)
    # What goes wrong in a transaction is over with its savepoint.
    with transaction.atomic():
        with connection.execute_wrapper(slow):
            response = client.get(address, headers={"Accept-Language": language})
        transaction.set_rollback(True)
    return response, slow.seen > number


def assert_busy(response: Any, language: str) -> None:
    """Check that an answer is the page that says when to ask again."""
    assert response.status_code == 503, response.request["PATH_INFO"]
    assert response["Retry-After"] == "5"
    assert BUSY[language] in response.content.decode()


def test_a_statement_that_takes_too_long_makes_no_error_of_any_page(figure: Figure) -> None:
    rows: Rows = seed_rows()
    counts = json.loads(COUNTS.read_text())
    refused = 0

    for name, address in addresses_of_pages(rows).items():
        client = client_for(name, rows)
        client.raise_request_exception = False
        assert client.get(address).status_code == 200, name
        # The first two are those of every page: who is it?
        for number in sorted({2, counts[name] // 2, counts[name] - 1} if counts[name] else ()):
            response, is_slow = answer_slowly(client, address, number=number)
            assert is_slow, (name, number)
            assert_busy(response, "en")
            refused += 1

    figure("statements_of_pages_that_took_too_long", refused)
    assert refused > 80


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("language", BUSY)
def test_a_page_that_cannot_find_out_who_asks_says_so_in_the_browsers_language(
    owner: User, number: int, language: str
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(owner)

    response, is_slow = answer_slowly(client, "/teams/", number=number, language=language)

    assert is_slow
    assert_busy(response, language)


@pytest.mark.parametrize("ask", ["cache", "client"])
def test_a_page_whose_redis_is_gone_is_asked_for_again(
    owner: User, settings: Any, monkeypatch: pytest.MonkeyPatch, ask: str
) -> None:
    settings.CACHES = {
        **settings.CACHES,
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"},
    }
    client = Client(raise_request_exception=False)
    client.force_login(owner)

    def ask_redis(*_args: object) -> None:
        if ask == "cache":
            caches["default"].get("anything")
        get_redis_connection("default").ping()

    monkeypatch.setattr(Team.objects.__class__, "for_user", ask_redis)

    assert_busy(client.get("/teams/", headers={"Accept-Language": "en"}), "en")


def test_a_page_whose_redis_has_no_room_is_asked_for_again(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(owner)

    def ask_redis(*_args: object) -> None:
        get_redis_connection("default").eval("return redis.error_reply('OOM command not allowed')", 0)

    monkeypatch.setattr(Team.objects.__class__, "for_user", ask_redis)

    assert_busy(client.get("/teams/", headers={"Accept-Language": "en"}), "en")


def test_a_database_that_goes_away_under_a_page_is_asked_again(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    other = connection.copy()

    def lose(*_args: object) -> None:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(Team.objects.__class__, "for_user", lose)
    try:
        assert_busy(client.get("/teams/", headers={"Accept-Language": "en"}), "en")
    finally:
        other.close()
