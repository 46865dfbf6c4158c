"""`wait`: an answer that takes as long as the execution, up to a bound, and holds up nobody else."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from django.conf import settings

from executions.models import Execution
from teams.actions.create_team import create_team
from teams.models import ApiToken, SunaConnection, Team
from tests.fixtures.people import SEQUENTIAL, make_person
from tests.fixtures.product_env import product_env
from tests.fixtures.running import wait_until
from tests.fixtures.site_rows import set_execution
from tests.fixtures.web import RunningWeb, running_web
from tests.functional.api.conftest import client_for, token_for

pytestmark = pytest.mark.django_db(transaction=True)

WAITERS = 200


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWeb]:
    """Serve Renum over uvicorn for the tests of this module."""
    with running_web(product_env(), tmp_path_factory.mktemp("web") / "web.log") as web:
        yield web


@pytest.fixture
def team(transactional_db: None) -> Team:
    owner = make_person("olga")
    suna = SunaConnection.objects.create(
        owner=owner, name="Nowhere", base_url="http://127.0.0.1:9", wire_profile="2025-08"
    )
    return create_team(owner=owner, name="Analysts", definition=SEQUENTIAL, connection=suna)


class Clients:
    """Requests of one person, each in a thread of its own."""

    def __init__(self, web: RunningWeb, token: str, pool: ThreadPoolExecutor) -> None:
        self.url, self._pool = f"{web.url}/api/v1", pool
        self.headers = {"Authorization": f"Bearer {token}"}

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return httpx.request(method, self.url + path, headers=headers, timeout=60, trust_env=False, **options)

    def later(self, method: str, path: str, **options: Any) -> "Future[httpx.Response]":
        return self._pool.submit(self.send, method, path, **options)


@pytest.fixture
def clients(web: RunningWeb, team: Team) -> Iterator[Clients]:
    with ThreadPoolExecutor(max_workers=WAITERS) as pool:
        yield Clients(web, token_for(team.owner), pool)


def web_connections() -> int:
    with psycopg.connect(settings.TEST_DATABASE_URL) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND application_name = 'renum'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def end(execution: Execution) -> None:
    set_execution(execution, status="completed", result={"words": "Done."}, result_text="Done.")


def test_a_start_that_waits_is_answered_200_with_the_result_as_soon_as_it_ends(clients, team) -> None:
    path = f"/teams/{team.pk}/executions?wait=30"
    asked = clients.later("POST", path, json={"prompt": "Go."}, headers={"Idempotency-Key": "k"})
    execution = wait_until(Execution.objects.first)
    assert not asked.done()

    end(execution)
    ended_at = time.monotonic()
    answer = asked.result(timeout=20)

    assert time.monotonic() - ended_at < 5
    assert answer.status_code == 200
    body = answer.json()
    assert (body["id"], body["status"], body["answer"]) == (
        str(execution.pk),
        "completed",
        {"words": "Done."},
    )
    assert answer.headers["Location"].endswith(f"/api/v1/executions/{execution.pk}")
    assert answer.headers["Idempotent-Replayed"] == "false"
    again = clients.send("POST", path, json={"prompt": "Go."}, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.json()["id"] == body["id"]


def test_a_start_that_does_not_end_in_time_is_202_with_its_location(clients, team) -> None:
    began = time.monotonic()
    answer = clients.send("POST", f"/teams/{team.pk}/executions?wait=1", json={"prompt": "Go."})

    assert time.monotonic() - began >= 1
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert "Location" in answer.headers


def test_a_refused_start_and_an_ended_execution_are_answered_at_once(clients, team, figure) -> None:
    refused = clients.send("POST", f"/teams/{team.pk}/executions?wait=30", json={"prompt": " "})
    started = clients.send("POST", f"/teams/{team.pk}/executions", json={"prompt": "Go."}).json()
    end(Execution.objects.get())
    began = time.monotonic()
    shown = clients.send("GET", f"/executions/{started['id']}?wait=30")

    assert refused.status_code == 400
    assert (shown.status_code, shown.json()["status"]) == (200, "completed")
    assert time.monotonic() - began < 10


def test_a_look_waits_too_and_a_token_revoked_meanwhile_is_told_nothing(clients, team) -> None:
    started = clients.send("POST", f"/teams/{team.pk}/executions", json={"prompt": "Go."}).json()
    path = f"/executions/{started['id']}"
    asked = clients.later("GET", f"{path}?wait=30")
    execution = Execution.objects.get()
    time.sleep(0.5)
    assert not asked.done()
    ApiToken.objects.all().delete()
    end(execution)

    assert asked.result(timeout=20).status_code == 401


@pytest.mark.parametrize("wait", ["-1", "61", "x", "1.5", ""])
def test_a_wait_out_of_bounds_is_refused_before_anything_is_started(wait, team) -> None:
    answer = client_for(team.owner).post(f"/api/v1/teams/{team.pk}/executions?wait={wait}", {"prompt": "Go."})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert not Execution.objects.exists()


def test_two_hundred_who_wait_hold_no_connection_and_nobody_up_and_are_all_told(
    clients: Clients, team: Team, figure: Any
) -> None:
    started = clients.send("POST", f"/teams/{team.pk}/executions", json={"prompt": "Go."}).json()
    path = f"/executions/{started['id']}"
    asked = [clients.later("GET", f"{path}?wait=50") for _ in range(WAITERS)]
    # One connection is the watch's; those of the requests themselves are given back.
    wait_until(lambda: sum(future.running() for future in asked) == WAITERS and web_connections() <= 2)
    time.sleep(1)
    assert not any(future.done() for future in asked)
    held = web_connections()

    began = time.monotonic()
    other = clients.send("GET", "/teams")
    other_s = time.monotonic() - began
    end(Execution.objects.get())
    ended_at = time.monotonic()
    answers = [future.result(timeout=50) for future in asked]

    figure("wait.connections_held", held)
    figure("wait.other_request_ms", round(other_s * 1000))
    figure("wait.all_told_s", round(time.monotonic() - ended_at, 2))
    assert held <= 2
    assert other.status_code == 200
    assert other_s < 5
    assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(200, "completed")}


def test_a_client_that_goes_away_is_forgotten_and_a_stop_lets_everybody_go(team: Team, tmp_path: Any) -> None:
    execution = client_for(team.owner).post(f"/api/v1/teams/{team.pk}/executions", {"prompt": "Go."}).json()
    with (
        running_web({**product_env(), "RENUM_WAITING": "1"}, tmp_path / "web.log") as web,
        ThreadPoolExecutor(max_workers=2) as pool,
    ):
        clients = Clients(web, token_for(team.owner), pool)
        path = f"/executions/{execution['id']}?wait=50"
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(clients.url + path, headers=clients.headers, timeout=2, trust_env=False)
        # One may wait here: this one can, because the place of the one that left is free.
        asked = clients.later("GET", path)
        time.sleep(2)
        assert not asked.done()
        began = time.monotonic()
        assert clients.send("GET", path).status_code == 200
        assert time.monotonic() - began < 5
        assert web.stop() < 10
        assert asked.result(timeout=10).json()["status"] == "queued"
