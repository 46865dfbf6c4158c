"""Pages of errors: friendly, in the reader's language, and there when the database is not."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from renum_site.error_pages import _WORDS, ErrorPagesMiddleware, error_page, language_of_headers
from renum_site.request_limits import RequestLimits
from teams.models import Team, User


def test_a_form_that_is_opened_says_so_in_the_frame() -> None:
    response = Client(headers={"Accept-Language": "pt-BR"}).get("/accounts/logout/")

    body = response.content.decode()
    assert response.status_code == 405
    assert response["Allow"]
    assert "Não é um endereço que se abre" in body
    assert int(response["Content-Length"]) == len(response.content)
    assert response["Content-Security-Policy"]


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("status", sorted(_WORDS))
def test_each_error_has_its_page_without_a_query(status: int, language: str) -> None:
    # No mark of a database test: a query would be an error.
    body = error_page(status, language)

    assert f'<html lang="{language}"' in body
    assert body.count("<h1>") == 1
    assert f">{status}<" in body
    assert "csrfmiddlewaretoken" not in body


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (OperationalError("the server closed the connection"), 503, "Renum is busy"),
        (RuntimeError("an error of ours"), 500, "Renum made an error"),
    ],
)
def test_a_page_that_fails_says_so_without_asking_the_database(
    owner: User, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, words: str
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    asked: list[str] = []

    def fail(*_args: object, **_kwargs: object) -> None:
        connection.execute_wrappers.append(note)
        raise error

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    monkeypatch.setattr(Team.objects.__class__, "for_user", fail)
    try:
        response = client.get("/teams/")
    finally:
        connection.execute_wrappers.clear()

    assert response.status_code == status
    assert words in response.content.decode()
    assert asked == []
    assert response.has_header("Retry-After") is (status == 503)


def test_what_programs_are_told_stays_as_it_is() -> None:
    def refuse(_request: HttpRequest) -> HttpResponse:
        return HttpResponse("no", status=403, content_type="text/plain")

    for path in ("/metrics", "/api/v1/me", "/admin/"):
        response = ErrorPagesMiddleware(refuse)(RequestFactory().get(path))
        assert response.content == b"no", path
    assert b"<h1>" in ErrorPagesMiddleware(refuse)(RequestFactory().get("/teams/")).content


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ([(b"accept-language", b"pt-BR,pt;q=0.9")], "pt-br"),
        ([(b"accept-language", b"pt-BR"), (b"cookie", b"django_language=en")], "en"),
        ([(b"cookie", b"django_language=../../etc; \xff=\xfe")], "en"),
        ([], "en"),
    ],
)
def test_the_language_of_an_error_before_django_is_the_readers(
    headers: list[tuple[bytes, bytes]], language: str
) -> None:
    assert language_of_headers(headers) == language


async def test_a_request_too_large_for_a_page_is_answered_with_a_page() -> None:
    async def application(*_args: object) -> None:
        raise AssertionError("nobody may see it")

    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", b"99999999"), (b"accept-language", b"pt-BR")]
    scope = {"type": "http", "path": "/teams/", "method": "POST", "headers": headers}
    await RequestLimits(application)(scope, receive, send)

    assert sent[0]["status"] == 413
    assert dict(sent[0]["headers"])[b"content-type"] == b"text/html; charset=utf-8"
    assert "Grande demais" in sent[1]["body"].decode()
