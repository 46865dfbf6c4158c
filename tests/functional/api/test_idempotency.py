"""Idempotency-Key on everything that makes an execution (reliability P3)."""

import datetime as dt
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest
from django.conf import settings as django_settings
from django.test import override_settings

from executions.models import Execution
from teams.actions.create_team import create_team
from teams.models import SunaConnection, Team
from tests.fixtures.fault_proxy import fault_proxy
from tests.fixtures.people import SEQUENTIAL, make_person
from tests.fixtures.running import wait_until
from tests.fixtures.site_rows import set_execution
from tests.fixtures.web import RunningWeb, running_web
from tests.functional.api.conftest import assert_problem, client_for, token_for

PARALLEL = 50
_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('renum:idempotency:' || %s, 0))"
"""What a start under a key holds while it is carried out."""


def start(client, team, key: str, prompt: str = "Go."):
    return client.post(
        f"/api/v1/teams/{team.pk}/executions", {"prompt": prompt}, headers={"Idempotency-Key": key}
    )


def make_team() -> Team:
    owner = make_person("olga")
    suna = SunaConnection.objects.create(
        owner=owner, name="Nowhere", base_url="http://127.0.0.1:9", wire_profile="2025-08"
    )
    return create_team(owner=owner, name="Analysts", definition=SEQUENTIAL, connection=suna)


def test_a_refused_request_uses_no_key_up(api, team) -> None:
    assert_problem(start(api, team, "k", prompt=" "), 400, "validation_error")
    Team.objects.filter(pk=team.pk).update(is_active=False)
    assert_problem(start(api, team, "k"), 409, "team_inactive")
    Team.objects.filter(pk=team.pk).update(is_active=True)

    assert start(api, team, "k", prompt="Another.").headers["Idempotent-Replayed"] == "false"


@pytest.mark.parametrize("length", [1, 255])
def test_a_key_of_the_shortest_and_of_the_longest_form_is_taken(length, api, team) -> None:
    assert start(api, team, "~" * length).status_code == 202


def test_a_key_counts_for_a_day_and_is_free_again_then(api, team) -> None:
    first = start(api, team, "k").json()["id"]
    set_execution(Execution.objects.get(), created_at=dt.datetime.now(dt.UTC) - dt.timedelta(hours=23.9))
    within = start(api, team, "k")
    set_execution(Execution.objects.get(), created_at=dt.datetime.now(dt.UTC) - dt.timedelta(hours=24.1))

    after = start(api, team, "k", prompt="Another.")

    assert within.json()["id"] == first
    assert (after.status_code, after.headers["Idempotent-Replayed"]) == (202, "false")
    assert after.json()["id"] != first
    assert start(api, team, "k", prompt="Another.").json()["id"] == after.json()["id"]


def test_how_long_a_key_counts_is_a_setting(api, team) -> None:
    first = start(api, team, "k").json()["id"]
    with override_settings(API=replace(django_settings.API, idempotency_hours=0)):
        assert start(api, team, "k").json()["id"] != first


@pytest.mark.parametrize("verb", ["retry", "run-again"])
def test_retry_and_run_again_take_a_key_each_of_their_own_request(verb, api, execution) -> None:
    set_execution(execution, status="failed", code="step_failed")
    path = f"/api/v1/executions/{execution.pk}"
    key = {"Idempotency-Key": "k"}

    first, second = (api.post(f"{path}/{verb}", {}, headers=key) for _ in range(2))
    other = api.post(f"{path}/{'retry' if verb == 'run-again' else 'run-again'}", {}, headers=key)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert [answer.headers["Idempotent-Replayed"] for answer in (first, second)] == ["false", "true"]
    assert_problem(other, 422, "idempotency_key_reused")


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_being_carried_out_an_equal_one_is_409_and_another_person_s_is_not() -> None:
    team = make_team()
    owner, other = team.owner, make_person("otto")
    team.memberships.create(user=other, role="operator")
    with psycopg.connect(django_settings.TEST_DATABASE_URL) as busy:
        busy.execute(_TURN, [f"{owner.pk}:k"])
        held_up = start(client_for(owner), team, "k")
        assert_problem(held_up, 409, "request_in_progress")
        assert int(held_up.headers["Retry-After"]) >= 1
        assert start(client_for(other), team, "k").status_code == 202
        assert start(client_for(owner), team, "other").status_code == 202
    assert start(client_for(owner), team, "k").status_code == 202


@pytest.mark.django_db(transaction=True)
def test_fifty_equal_posts_to_a_real_server_make_one_execution_and_a_lost_answer_is_told_again(
    child_env, tmp_path: Path, figure
) -> None:
    team = make_team()
    token = token_for(team.owner)
    path = f"/api/v1/teams/{team.pk}/executions"

    def post(url: str, key: str, prompt: str = "Go.") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        return httpx.post(url + path, json={"prompt": prompt}, headers=headers, timeout=30, trust_env=False)

    with running_web(child_env, tmp_path / "web.log") as web:
        together = threading.Barrier(PARALLEL)

        def at_once(_: int) -> httpx.Response:
            together.wait(timeout=30)
            return post(web.url, "k")

        with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
            # Somebody else's turn lasts until the first of them has been told to come again.
            with psycopg.connect(django_settings.TEST_DATABASE_URL) as busy:
                busy.execute(_TURN, [f"{team.owner_id}:k"])
                asked = [pool.submit(at_once, number) for number in range(PARALLEL)]
                wait(asked, timeout=30, return_when=FIRST_COMPLETED)
            answers = [answer.result() for answer in asked]
        in_progress = [answer for answer in answers if answer.status_code == 409]
        done = [answer for answer in answers if answer.status_code == 202]
        figure("idempotency.in_progress", len(in_progress))
        assert len(done) + len(in_progress) == PARALLEL, [answer.text for answer in answers][:3]
        assert in_progress, "nobody had to wait"
        assert all(
            answer.json()["code"] == "request_in_progress" and "Retry-After" in answer.headers
            for answer in in_progress
        )
        done += [_repeat(lambda: post(web.url, "k"), refused) for refused in in_progress]
        assert {answer.json()["id"] for answer in done} == {str(Execution.objects.get().pk)}
        assert [answer.headers["Idempotent-Replayed"] for answer in done].count("false") == 1
        assert post(web.url, "k", prompt="Another.").status_code == 422
        _lose_an_answer(web, post)


def _repeat(send: Callable[[], httpx.Response], answer: httpx.Response) -> httpx.Response:
    """Send what was 409 again each time when it says, until it is taken."""
    give_up_at = time.monotonic() + 30
    while answer.status_code == 409:
        assert time.monotonic() < give_up_at, "it was never taken"
        time.sleep(int(answer.headers["Retry-After"]))
        answer = send()
    assert answer.status_code == 202, answer.text
    return answer


def _lose_an_answer(web: RunningWeb, post) -> None:
    with fault_proxy(port=int(web.url.rpartition(":")[2])) as network:
        near = f"http://127.0.0.1:{network.port}"
        # The body is the last piece of a request.
        network.lose_answer_to(b"lost words")
        with pytest.raises(httpx.TransportError):
            post(near, "lost", prompt="lost words")
        wait_until(lambda: Execution.objects.count() == 2)
        repeated = post(near, "lost", prompt="lost words")
    assert network.answers_lost == 1
    assert (repeated.status_code, repeated.headers["Idempotent-Replayed"]) == (202, "true")
    assert Execution.objects.count() == 2
