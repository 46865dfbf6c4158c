"""The addresses that machines ask for: does it live, can it serve, and if not, what is missing; the icon."""

from pathlib import Path

import httpx
import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client

from executions.upkeep.drain import begin_drain, end_drain
from tests.fixtures.web import running_web

READY = {"postgres": "ok", "redis": "ok", "schema": "ok", "keys": "ok", "drain": "ok"}


def failing(client: Client) -> dict[str, str]:
    response = client.get("/readyz")
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert response.json()["code"] == "not_ready"
    return {error["pointer"]: error["message"] for error in response.json()["errors"]}


def test_a_process_lives_without_asking_anybody(client: Client) -> None:
    # No fixture allows this test the database: a question to it would be an error.
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_a_process_is_ready_when_everything_answers_and_fits(
    client: Client, clean_redis: object, suna_connection: object
) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready", "checks": READY})


def test_a_process_lives_and_is_not_ready_when_both_services_are_away(
    child_env: dict[str, str], tmp_path: Path
) -> None:
    nowhere = {
        "DATABASE_URL": "postgresql://renum:hidden@127.0.0.1:1/renum",
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    with running_web({**child_env, **nowhere}, tmp_path / "web.log") as web:
        assert httpx.get(f"{web.url}/healthz").status_code == 200
        ready = httpx.get(f"{web.url}/readyz", timeout=20)
        figures = httpx.get(f"{web.url}/metrics", timeout=20)

    assert ready.status_code == 503
    assert [error["pointer"] for error in ready.json()["errors"]] == ["/postgres", "/redis"]
    assert "hidden" not in ready.text
    assert "127.0.0.1" not in ready.text
    assert (figures.status_code, figures.text) == (503, "PostgreSQL does not answer.\n")


@pytest.mark.django_db
def test_a_process_is_not_ready_when_the_database_has_a_migration_it_does_not_know(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('executions', '9999_of_tomorrow', now())"
        )
    assert list(failing(client)) == ["/schema"]
    assert "executions.9999_of_tomorrow" in failing(client)["/schema"]


@pytest.mark.django_db
def test_a_process_is_not_ready_when_a_migration_is_missing(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'teams' AND name = '0001_initial'")
    assert "teams.0001_initial" in failing(client)["/schema"]


@pytest.mark.django_db
def test_a_process_is_not_ready_when_stored_secrets_do_not_open(
    client: Client, suna_connection: object, settings
) -> None:
    settings.RENUM_ENCRYPTION_KEYS = ["another-key-of-thirty-two-characters-or-more"]
    assert list(failing(client)) == ["/keys"]


@pytest.mark.django_db
def test_a_process_is_ready_and_says_so_while_somebody_drains(client: Client, clean_redis: object) -> None:
    begin_drain(by="olga", reason="deploy")
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "checks": {**READY, "drain": "draining"}}
    end_drain(by="olga")
    assert client.get("/readyz").json()["checks"] == READY


@pytest.mark.django_db
def test_a_process_is_not_ready_while_a_restored_database_is_held(
    client: Client, clean_redis: object
) -> None:
    begin_drain(by="olga")
    begin_drain(by="olga", holds_all=True)
    assert failing(client) == {"/drain": "A restored database is held: nothing is taken up."}
    end_drain(by="olga", holds_all=True)
    assert client.get("/readyz").json()["checks"]["drain"] == "draining"


def test_the_icon_is_found_by_its_old_name(client: Client) -> None:
    response = client.get("/favicon.ico")

    assert (response.status_code, response["Location"]) == (302, "/static/img/renum.svg")
    assert finders.find("img/renum.svg") is not None
