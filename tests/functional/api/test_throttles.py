"""Limits of requests: counted for the token and for its person, and told on every answer."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import override_settings

from teams.api.throttles import PersonThrottle, kind_of
from tests.fixtures.people import make_person
from tests.functional.api.conftest import ANY_STATE, assert_problem, client_for, token_for
from tests.functional.api.test_rights import EXPECTED, api_routes

TEAMS = "/api/v1/teams"
NAMES = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def limits(**changes: int):
    return override_settings(API=replace(django_settings.API, **changes))


def told(response) -> list[int]:
    return [int(response.headers[name]) for name in NAMES]


def bearer(client, token: str):
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_every_answer_tells_the_limit_and_one_too_many_is_429(api) -> None:
    with limits(reads_per_minute=3):
        answers = [api.get(TEAMS), api.get(f"{TEAMS}/{'0' * 8}-0000-7000-8000-{'0' * 12}"), api.get(TEAMS)]
        refused = api.get(TEAMS)

    assert [answer.status_code for answer in answers] == [200, 404, 200]
    assert [told(answer)[:2] for answer in answers] == [[3, 2], [3, 1], [3, 0]]
    assert_problem(refused, 429, "throttled")
    assert told(refused)[:2] == [3, 0]
    assert 1 <= int(refused.headers["Retry-After"]) == told(refused)[2] <= 60


def test_kinds_are_counted_apart(api, team) -> None:
    path = f"{TEAMS}/{team.pk}"
    with limits(reads_per_minute=1, writes_per_minute=1, starts_per_minute=1, key_changes_per_minute=1):
        for _ in range(2):
            statuses = [
                api.get(path).status_code,
                api.patch(path, {"description": "New."}, headers=ANY_STATE).status_code,
                api.post(f"{path}/executions", {"prompt": "Go."}).status_code,
                api.put("/api/v1/user-keys/openai", {"key": "sk-0123456789"}).status_code,
            ]
            if statuses == [200, 200, 202, 200]:
                continue
            assert statuses == [429] * 4


def test_two_tokens_have_a_limit_each_and_their_person_twice_as_much_in_all(owner) -> None:
    with limits(reads_per_minute=2):
        clients = [client_for(owner) for _ in range(3)]
        first = [clients[0].get(TEAMS).status_code for _ in range(3)]
        second = [clients[1].get(TEAMS).status_code for _ in range(2)]
        third = clients[2].get(TEAMS).status_code

    # What was refused counts too: whoever goes on asking goes on waiting.
    assert first == [200, 200, 429]
    assert second == [200, 429]
    assert third == 429


def test_a_session_counts_for_its_person_and_nobody_for_another(owner, outsider, client) -> None:
    client.force_login(owner)
    with limits(reads_per_minute=1):
        assert [client.get(TEAMS).status_code for _ in range(3)] == [200, 200, 429]
        assert client_for(outsider).get(TEAMS).status_code == 200


def test_a_made_up_forwarding_header_escapes_no_limit(api) -> None:
    with limits(reads_per_minute=2):
        statuses = [api.get(TEAMS, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(3)]

    assert statuses == [200, 200, 429]


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_pass_no_more_often_than_others() -> None:
    token = token_for(make_person("olga"))

    def attempt(_: int) -> int:
        try:
            return int(bearer(client_for(None), token).get(TEAMS).status_code)
        finally:
            connection.close()

    with limits(reads_per_minute=7), ThreadPoolExecutor(max_workers=20) as pool:
        statuses = list(pool.map(attempt, range(20)))

    assert (statuses.count(200), statuses.count(429)) == (7, 13)


def test_without_redis_nothing_is_counted_and_everything_goes_on(api, settings, monkeypatch) -> None:
    monkeypatch.setattr(PersonThrottle, "_asleep_until", 0.0)
    settings.CACHES = {
        **settings.CACHES,
        "context": {**settings.CACHES["context"], "LOCATION": "redis://127.0.0.1:1/0"},
    }

    with limits(reads_per_minute=1):
        answers = [api.get(TEAMS) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert "RateLimit-Limit" not in answers[0].headers
    monkeypatch.setattr(PersonThrottle, "_asleep_until", 0.0)


def test_nobody_s_answers_tell_no_limit(anonymous) -> None:
    assert "RateLimit-Limit" not in anonymous.get("/api/v1/workflows/schema").headers
    assert "RateLimit-Limit" not in anonymous.get(TEAMS).headers


def test_what_starts_executions_and_what_changes_keys_counts_as_that() -> None:
    views = dict(api_routes())
    kinds = {place: kind_of(place[1], views[place[0]]) for place in EXPECTED}

    assert {name for (name, _), kind in kinds.items() if kind == "starts"} == {
        "team-executions",
        "execution-retry",
        "execution-run-again",
    }
    assert {place for place, kind in kinds.items() if kind == "key_changes"} == {
        ("user-key", "PUT"),
        ("user-key", "DELETE"),
    }
    assert all(kind == "reads" for (_, method), kind in kinds.items() if method == "GET")
