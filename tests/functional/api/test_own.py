"""Whoever asks: what they read in, their tokens, how Renum stands, and agents with the teams on them."""

import datetime as dt
import zlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.test import APIClient

from executions.models import Driver
from executions.upkeep.drain import begin_drain
from executions.upkeep.prune import prune
from teams.actions.issue_token import MAX_TOKENS, TokenGone, TooManyTokens, issue_own_token
from teams.actions.revoke_token import revoke_token
from teams.actions.token_text import build_token, checksum_of
from teams.models import Agent, ApiToken, ApiTokenScope, User
from tests.fixtures.people import PASSWORD, make_person
from tests.functional.api.conftest import API, NOW, assert_problem, client_for

TOKENS = f"{API}/tokens"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_people_are_told_who_they_are_and_change_how_they_read(api, owner) -> None:
    before = api.get(f"{API}/me").json()
    changed = api.patch(f"{API}/me", {"language": "pt-br", "time_zone": "America/Sao_Paulo"}).json()
    back = api.patch(f"{API}/me", {"language": None}).json()

    assert (before["username"], before["language"], before["token"]["scope"]) == ("olga", None, "admin")
    assert (changed["language"], changed["time_zone"]) == ("pt-br", "America/Sao_Paulo")
    assert (back["language"], back["time_zone"]) == (None, "America/Sao_Paulo")
    owner.refresh_from_db()
    assert (owner.language, owner.time_zone) == ("", "America/Sao_Paulo")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"language": "xx"}, "/language"),
        ({"language": "PT-BR"}, "/language"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "../etc/passwd"}, "/time_zone"),
        ({"email": "new@example.org"}, "/email"),
        ({"is_staff": True}, "/is_staff"),
    ],
)
def test_what_nobody_may_say_of_themselves_is_refused(api, owner, body, pointer) -> None:
    [error] = assert_problem(api.patch(f"{API}/me", body), 400, "validation_error")["errors"]

    assert error["pointer"] == pointer


def test_a_token_is_made_shown_once_listed_and_revoked(api, owner) -> None:
    made = api.post(TOKENS, {"name": "nightly", "scope": "run"})
    token = made.json()["token"]
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get(f"{API}/me").json()["token"]["id"] == made.json()["id"]
    listed = api.get(TOKENS)

    [row] = [row for row in listed.json()["results"] if row["name"] == "nightly"]
    assert made.status_code == 201
    assert row | {"token": token, "last_used_at": None} == made.json() | {"last_used_at": None}
    assert row["last_used_at"] is not None
    assert (row["scope"], row["starts_with"]) == ("run", token[:8])
    assert token not in listed.content.decode()
    assert ApiToken.objects.get(public_id=row["id"]).digest not in listed.content.decode()
    assert_problem(client.post(TOKENS, {"name": "more"}), 403, "scope_too_small")
    assert api.delete(f"{TOKENS}/{row['id']}").status_code == 204
    assert_problem(client.get(f"{API}/me"), 401, "authentication_failed")
    assert_problem(api.delete(f"{TOKENS}/{row['id']}"), 404, "not_found")


def test_tokens_are_listed_by_pages_that_never_hold_a_hash(api, owner) -> None:
    for number in range(4):
        api.post(TOKENS, {"name": f"t{number}"})

    first = api.get(f"{TOKENS}?limit=3").json()
    rest = api.get(first["next"]).json()

    assert [row["name"] for row in first["results"]] == ["t3", "t2", "t1"]
    assert [row["name"] for row in rest["results"]] == ["t0", None]
    assert all(row.digest not in first["next"] for row in ApiToken.objects.all())


def test_a_token_made_with_a_token_does_not_outlive_it(api, owner) -> None:
    last = ApiToken.objects.get().expiry

    unsaid = api.post(TOKENS, {"name": "as long as it may"}).json()
    refused = api.post(TOKENS, {"name": "longer", "expires_in_days": 30})

    assert dt.datetime.fromisoformat(unsaid["expires_at"]) == last
    [error] = assert_problem(refused, 400, "validation_error")["errors"]
    assert (error["pointer"], error["code"]) == ("/expires_in_days", "out_of_range")


def bearer(token: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_what_was_made_with_a_token_is_revoked_with_it(api, owner) -> None:
    browser = APIClient(raise_request_exception=False)
    browser.force_login(owner)
    beside = api.post(TOKENS, {"name": "beside"}).json()["token"]
    leaked = browser.post(TOKENS, {"name": "leaked", "scope": "admin"}).json()
    drawn = bearer(leaked["token"]).post(TOKENS, {"name": "drawn", "scope": "admin"}).json()
    further = bearer(drawn["token"]).post(TOKENS, {"name": "further"}).json()
    assert bearer(further["token"]).get(f"{API}/me").status_code == 200

    assert api.delete(f"{TOKENS}/{leaked['id']}").status_code == 204

    for gone in (leaked, drawn, further):
        assert_problem(bearer(gone["token"]).get(f"{API}/me"), 401, "authentication_failed")
    assert bearer(beside).get(f"{API}/me").status_code == 200
    assert {row.name for row in ApiToken.objects.all()} == {"", "beside"}


def test_nothing_is_made_with_a_token_that_was_revoked_meanwhile(owner) -> None:
    using = token_row(owner)
    revoke_token(token=using)

    with pytest.raises(TokenGone):
        issue_own_token(by=owner, using=using, name="late", scope=ApiTokenScope.READ, lifetime=None)
    assert not ApiToken.objects.exists()


def token_row(owner: User) -> ApiToken:
    row, _ = ApiToken.objects.create(owner, expiry=dt.timedelta(days=1))
    return row


def test_pruning_takes_tokens_that_ended_and_what_was_made_with_them(owner) -> None:
    made_with = token_row(owner)
    issue_own_token(by=owner, using=made_with, name="x", scope=ApiTokenScope.READ, lifetime=None)
    kept = token_row(owner)
    ended = timezone.now() - dt.timedelta(days=30)
    ApiToken.objects.exclude(pk=kept.pk).update(expiry=ended)

    prune()

    assert [row.pk for row in ApiToken.objects.all()] == [kept.pk]


def test_a_session_makes_tokens_as_long_as_anybody_wants_but_not_without_its_csrf_token(owner) -> None:
    browser = APIClient(raise_request_exception=False)
    browser.force_login(owner)
    strict = APIClient(enforce_csrf_checks=True, raise_request_exception=False)
    strict.force_login(owner)

    made = browser.post(TOKENS, {"name": "laptop", "expires_in_days": 3650}).json()

    life = dt.datetime.fromisoformat(made["expires_at"]) - timezone.now()
    assert dt.timedelta(days=3649) < life <= dt.timedelta(days=3650)
    assert browser.get(f"{API}/me").json()["token"] is None
    assert_problem(strict.post(TOKENS, {"name": "forged"}), 403, "permission_denied")


def test_one_has_only_so_many_tokens_that_still_count(api, owner) -> None:
    now = timezone.now()
    ApiToken.objects.bulk_create(
        ApiToken(digest=f"d{n}", token_key="rnm_", user=owner, expiry=now + dt.timedelta(days=1))
        for n in range(MAX_TOKENS - 1)
    )

    assert_problem(api.post(TOKENS, {"name": "one more"}), 409, "too_many_tokens")
    asked = {"username": "olga", "password": PASSWORD}
    assert_problem(APIClient().post(f"{API}/auth/token", asked, format="json"), 409, "too_many_tokens")
    ApiToken.objects.filter(digest="d5").update(expiry=now - dt.timedelta(days=1))
    assert api.post(TOKENS, {"name": "one more"}).status_code == 201


def test_a_token_has_the_form_that_scanners_prove_without_asking() -> None:
    token = build_token()

    assert (len(token), token[:4]) == (37, "rnm_")
    assert set(token[4:]) <= set(BASE62)
    number = 0
    for digit in token[-6:]:
        number = number * 62 + BASE62.index(digit)
    assert number == zlib.crc32(token[4:-6].encode())
    assert build_token() != token
    # A small sum has leading zeros: a token is always as long.
    assert [len(checksum_of(f"x{n}")) for n in range(200)] == [6] * 200


def test_an_old_token_goes_on_working(owner) -> None:
    _, old = ApiToken.objects.create(owner, prefix="rnm_")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {old}")

    assert len(old) == 68
    assert client.get(f"{API}/me").json()["token"]["starts_with"] == old[:8]


def test_health_says_whether_anything_would_begin(api, db) -> None:
    idle = api.get(f"{API}/health")
    Driver.objects.create(
        host="h",
        pid=1,
        lease_until=Now() + dt.timedelta(minutes=1),
        capacity=1,
        started_at=NOW,
        beat_at=Now(),
    )
    working = api.get(f"{API}/health").json()
    begin_drain(by="test", reason="")
    draining = api.get(f"{API}/health").json()

    assert idle.headers["Cache-Control"] == "no-store"
    assert idle.json() == {
        "status": "degraded",
        "postgres": "ok",
        "redis": "ok",
        "drivers": "none",
        "begins_executions": False,
        "draining": False,
    }
    assert (working["status"], working["begins_executions"]) == ("ok", True)
    assert (draining["status"], draining["draining"], draining["begins_executions"]) == (
        "degraded",
        True,
        False,
    )


def test_an_agent_tells_which_of_ones_teams_use_it_and_at_which_steps(
    api, team, suna_connection, viewer
) -> None:
    ada = Agent.objects.create(
        connection=suna_connection, agent_id="agent-123", name="Ada", model_name="o3", missing_since=NOW
    )
    other = Agent.objects.create(connection=suna_connection, agent_id="agent-1", name="Almost")

    found, unused = (api.get(f"{API}/agents/{agent.pk}").json() for agent in (ada, other))

    assert (found["name"], found["model_name"], found["is_missing"]) == ("Ada", "o3", True)
    assert found["used_by"] == [
        {"team": str(team.pk), "name": "Analysts", "slug": "analysts", "steps": ["agent-123"]}
    ]
    assert (unused["used_by"], unused["is_missing"]) == ([], False)
    assert_problem(client_for(viewer).get(f"{API}/agents/{ada.pk}"), 404, "not_found")


@pytest.mark.django_db(transaction=True)
def test_of_many_tokens_made_at_once_no_more_are_made_than_one_may_have(monkeypatch) -> None:
    owner = make_person("olga")
    monkeypatch.setattr("teams.actions.issue_token.MAX_TOKENS", 3)
    together = Barrier(8)

    def make(_: int) -> bool:
        try:
            together.wait(timeout=30)
            issue_own_token(by=owner, using=None, name="a", scope=ApiTokenScope.READ, lifetime=None)
        except TooManyTokens:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(8)))

    assert made.count(True) == ApiToken.objects.filter(user=owner).count() == 3
