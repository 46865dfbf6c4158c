"""Errors that no view makes by itself: failures, missing services, the framework's own pages."""

import logging

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import override_settings
from django.urls import reverse
from rest_framework.test import APIClient

from teams.api import team_endpoints
from tests.functional.api.conftest import assert_problem

SECRET_WORDS = "database password hunter2"


@pytest.fixture
def failing(monkeypatch):
    """Give a switch that makes the list of teams fail with an exception."""

    def fail_with(error: Exception) -> None:
        def fail(user: object) -> None:
            raise error

        monkeypatch.setattr(team_endpoints, "teams_of", fail)

    return fail_with


def test_an_unexpected_failure_tells_its_request_id_alone_and_is_logged_under_it(
    api, failing, caplog
) -> None:
    failing(RuntimeError(SECRET_WORDS))

    with caplog.at_level(logging.ERROR, logger="renum.api"):
        response = api.get(reverse("api:teams"))

    body = assert_problem(response, 500, "internal_error")
    assert SECRET_WORDS not in response.content.decode()
    [record] = [record for record in caplog.records if record.name == "renum.api"]
    assert body["request_id"] in record.getMessage()
    assert record.exc_info is not None


def test_a_database_that_does_not_answer_is_503_with_a_time_to_try_again(api, failing) -> None:
    failing(OperationalError(SECRET_WORDS))

    response = api.get(reverse("api:teams"))

    assert_problem(response, 503, "unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert SECRET_WORDS not in response.content.decode()


@override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, "tests.functional.api.test_errors.FailingMiddleware"])
def test_a_failure_outside_every_view_is_a_problem_too(db) -> None:
    client = APIClient(raise_request_exception=False)

    assert_problem(client.get("/api/v1/workflows/schema"), 500, "internal_error")


class FailingMiddleware:
    """A middleware that fails."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request):
        raise RuntimeError(SECRET_WORDS)


@override_settings(DEBUG=True)
def test_an_unknown_address_is_a_problem_in_development_too(api) -> None:
    assert_problem(api.get("/api/v1/nowhere"), 404, "not_found")


@pytest.mark.parametrize("debug", [False, True])
def test_an_address_with_a_slash_at_its_end_is_not_found_and_says_why(api, debug) -> None:
    with override_settings(DEBUG=debug):
        body = assert_problem(api.get("/api/v1/teams/"), 404, "not_found")

    assert "no slash at their end" in body["detail"]
    assert "slash" not in api.get("/api/v1/nowhere").json()["detail"]


def test_a_page_outside_the_api_keeps_its_own_errors(anonymous) -> None:
    response = anonymous.get("/nowhere")

    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


def test_without_a_token_the_answer_says_which_scheme_is_wanted(anonymous) -> None:
    response = anonymous.get(reverse("api:teams"))

    assert_problem(response, 401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_wrong_method_names_those_that_are_taken(api, team) -> None:
    response = api.put(reverse("api:team", args=[team.pk]))

    assert_problem(response, 405, "method_not_allowed")
    allowed = set(response.headers["Allow"].split(", "))
    assert allowed >= {"GET", "PATCH"}
    # That is 405 itself.
    assert "OPTIONS" not in allowed


def test_a_session_needs_the_csrf_token_where_something_is_changed(owner, team) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(owner)
    path = reverse("api:team", args=[team.pk])

    assert client.get(path).status_code == 200
    assert_problem(client.patch(path, {"name": "x"}), 403, "permission_denied")


def test_answers_are_not_kept_by_caches_and_carry_the_id_of_their_request(api) -> None:
    first, second = api.get(reverse("api:teams")), api.get(reverse("api:teams"))

    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
