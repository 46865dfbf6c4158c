"""Tokens: made with a password, shown once, bounded in scope and time, revoked at once."""

import datetime as dt
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from teams.actions.sign_in_limit import FREE_FAILURES, MOST_DELAY_S
from teams.models import ApiToken
from tests.fixtures.people import PASSWORD, make_person
from tests.functional.api.conftest import assert_problem, client_for, token_for

TOKEN = "/api/v1/auth/token"
TEAMS = "/api/v1/teams"
TRIES = 5


def bearer(token: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def ask(client: APIClient, address: str = "127.0.0.1", forwarded: str = "", **changes: object):
    meta = {"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": forwarded}
    body = {"username": "olga", "password": PASSWORD, **changes}
    return client.post(TOKEN, body, format="json", **meta)


def test_a_token_opens_the_api_and_is_stored_as_a_hash_alone(anonymous, team) -> None:
    response = ask(anonymous, name="ci", scope="run", expires_in_days=7)

    body = response.json()
    assert response.status_code == 201
    assert (body["name"], body["scope"]) == ("ci", "run")
    assert body["token"].startswith("rnm_")
    assert bearer(body["token"]).get(TEAMS).json()["results"][0]["id"] == str(team.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM teams_apitoken AS t")
        stored = cursor.fetchone()[0]
    assert body["token"] not in stored
    life = ApiToken.objects.get().expiry - timezone.now()
    assert dt.timedelta(days=6, hours=23) < life <= dt.timedelta(days=7)


def test_a_token_may_only_read_unless_more_is_asked_for(anonymous, owner) -> None:
    assert ask(anonymous).json()["scope"] == "read"


def test_a_new_password_ends_sessions_and_leaves_tokens(owner) -> None:
    program, browser = client_for(owner), APIClient(raise_request_exception=False)
    browser.force_login(owner)
    before = [client.get(TEAMS).status_code for client in (program, browser)]

    owner.set_password("another horse battery staple")
    owner.save()

    assert before == [200, 200]
    assert [client.get(TEAMS).status_code for client in (program, browser)] == [200, 401]


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(anonymous, owner, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        wrong = ask(anonymous, password="not this one")
        unknown = ask(anonymous, username="nobody")

    wrong_body = assert_problem(wrong, 401, "wrong_credentials")
    unknown_body = assert_problem(unknown, 401, "wrong_credentials")
    assert wrong_body["detail"] == unknown_body["detail"]
    assert "not this one" not in wrong.content.decode() + caplog.text
    assert not ApiToken.objects.exists()


def test_a_person_who_is_switched_off_gets_no_token_and_theirs_stop_working(anonymous, owner, api) -> None:
    owner.is_active = False
    owner.save()

    assert_problem(ask(anonymous), 401, "wrong_credentials")
    assert_problem(api.get(TEAMS), 401, "authentication_failed")


@pytest.mark.parametrize(
    ("members", "pointer", "code"),
    [
        ({"scope": "root"}, "/scope", "invalid_value"),
        ({"scope": ["read"]}, "/scope", "invalid_value"),
        ({"expires_in_days": 0}, "/expires_in_days", "out_of_range"),
        ({"expires_in_days": 3651}, "/expires_in_days", "out_of_range"),
        ({"expires_in_days": 1.0}, "/expires_in_days", "wrong_type"),
        ({"expires_in_days": "1"}, "/expires_in_days", "wrong_type"),
        ({"expires_in_days": True}, "/expires_in_days", "wrong_type"),
        ({"password": ""}, "/password", "required"),
        ({"username": {"a": 1}}, "/username", "wrong_type"),
        ({"is_staff": True}, "/is_staff", "unknown_field"),
    ],
)
def test_an_odd_request_for_a_token_is_refused(members, pointer, code, anonymous, owner) -> None:
    body = assert_problem(ask(anonymous, **members), 400, "validation_error")

    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [(pointer, code)]
    assert PASSWORD not in str(body)


def test_a_revoked_token_is_refused_at_its_next_use_and_others_go_on(owner) -> None:
    revoked, other = bearer(token_for(owner)), bearer(token_for(owner))

    assert revoked.delete(TOKEN).status_code == 204
    assert_problem(revoked.get(TEAMS), 401, "authentication_failed")
    assert other.get(TEAMS).status_code == 200


def test_a_session_has_no_token_to_revoke(owner) -> None:
    client = APIClient()
    client.force_login(owner)

    assert_problem(client.delete(TOKEN), 400, "no_token")


def test_an_expired_token_is_refused(owner) -> None:
    client = bearer(token_for(owner))
    ApiToken.objects.update(expiry=timezone.now() - dt.timedelta(seconds=1))

    assert_problem(client.get(TEAMS), 401, "authentication_failed")


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer a b", "Bearer x", "Bearer caf\xe9" + "0" * 20, "Bearer " + "a" * 900]
)
def test_a_header_that_holds_no_token_is_refused(header, db) -> None:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=header)

    assert_problem(client.get(TEAMS), 401, "authentication_failed")


def test_a_wrong_token_is_refused_beside_a_good_session(owner) -> None:
    client = bearer("rnm_" + "0" * 64)
    client.force_login(owner)

    assert_problem(client.get(TEAMS), 401, "authentication_failed")


def test_the_last_use_of_a_token_is_noted_once_a_minute(owner, django_assert_num_queries) -> None:
    client = client_for(owner)
    client.get(TEAMS)
    first = ApiToken.objects.get().last_used_at

    # The second request asks for the token and for the page, and writes nothing.
    with django_assert_num_queries(2):
        client.get(TEAMS)

    assert first is not None
    assert ApiToken.objects.get().last_used_at == first


def test_the_sixth_try_is_refused_for_that_name_and_address_whether_right_or_wrong(
    anonymous, owner, outsider
) -> None:
    tries = [ask(anonymous, password="wrong").status_code for _ in range(TRIES)]

    response = ask(anonymous)

    assert tries == [401] * TRIES
    assert_problem(response, 429, "throttled")
    assert 1 <= int(response.headers["Retry-After"]) <= 900
    assert ask(anonymous, username="OLGA").status_code == 429
    assert ask(anonymous, username="oscar").status_code == 201
    assert ask(anonymous, address="10.1.1.1").status_code == 201


def test_whoever_signs_in_has_all_tries_again(anonymous, owner) -> None:
    for _ in range(3):
        tries = [ask(anonymous, password="wrong").status_code for _ in range(TRIES - 1)]
        assert [*tries, ask(anonymous).status_code] == [401] * (TRIES - 1) + [201]


def test_a_made_up_forwarding_header_escapes_no_limit(anonymous, owner) -> None:
    statuses = [
        ask(anonymous, password="wrong", forwarded=f"10.0.0.{n}").status_code for n in range(TRIES + 1)
    ]

    assert statuses == [401] * TRIES + [429]


def test_behind_a_proxy_of_ours_its_word_for_the_address_counts_and_no_more(
    anonymous, owner, settings
) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}

    def attempt(forwarded: str) -> int:
        return int(ask(anonymous, password="wrong", forwarded=forwarded).status_code)

    assert [attempt(f"10.0.0.{n}, 192.0.2.1") for n in range(TRIES + 1)] == [401] * TRIES + [429]
    assert attempt("10.0.0.1, 192.0.2.2") == 401


@pytest.mark.parametrize("username", ["olga", "nobody"])
def test_guesses_from_many_addresses_wait_between_tries_whether_the_name_is_known_or_not(
    username, anonymous, owner
) -> None:
    def guess(n: int):
        return ask(anonymous, username=username, password="wrong", address=f"10.0.0.{n}")

    assert [guess(n).status_code for n in range(FREE_FAILURES + 1)] == [401] * (FREE_FAILURES + 1)
    stranger = guess(99)

    assert_problem(stranger, 429, "throttled")
    assert 1 <= int(stranger.headers["Retry-After"]) <= MOST_DELAY_S


def test_what_strangers_guess_keeps_nobody_out_who_signed_in_from_there_before(anonymous, owner) -> None:
    assert ask(anonymous, address="10.9.9.9").status_code == 201
    for n in range(FREE_FAILURES + 2):
        ask(anonymous, password="wrong", address=f"10.0.0.{n}")

    assert ask(anonymous, address="10.0.1.1").status_code == 429
    assert ask(anonymous, address="10.9.9.9").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_parallel_tries_pass_the_limit_no_more_often_than_others() -> None:
    make_person("olga")

    def attempt(_: int) -> int:
        try:
            return int(ask(APIClient(), password="wrong").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=50) as pool:
        statuses = list(pool.map(attempt, range(50)))

    assert (statuses.count(401), statuses.count(429)) == (TRIES, 50 - TRIES)


def test_without_redis_nobody_signs_in(anonymous, owner, settings) -> None:
    settings.CACHES = {
        **settings.CACHES,
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"},
    }

    assert_problem(ask(anonymous), 503, "unavailable")


def test_the_address_of_tokens_is_where_clients_expect_it() -> None:
    assert reverse("api:token") == TOKEN
