"""The page of one's own tokens: made and shown once, known by their beginning, revoked."""

import json
import logging
import re
from collections.abc import Callable

import pytest
from django.test import Client

from teams.actions.issue_token import issue_own_token
from teams.models import ApiToken, ApiTokenScope, User
from tests.fixtures.people import PASSWORD

pytestmark = pytest.mark.django_db

PAGE = "/account/tokens/"
WANTED = {"name": "nightly report", "scope": "run", "days": "30", "password": PASSWORD}


def test_a_token_is_shown_once_and_opens_what_its_scope_says(
    sign_in: Callable[[User], Client], owner: User, caplog: pytest.LogCaptureFixture
) -> None:
    client = sign_in(owner)

    with caplog.at_level(logging.DEBUG):
        made = client.post(f"{PAGE}make/", WANTED)
        listed = client.get(PAGE).content.decode()

    text = made.content.decode()
    [token] = set(re.findall(r"rnm_\w{33}", text))
    assert made.status_code == 201
    assert "no-store" in made.headers["Cache-Control"]
    assert "nightly report" in listed
    assert token[:8] in listed
    assert token not in listed + caplog.text + json.dumps(dict(client.session))
    me = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["token"]["scope"] == "run"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "a" * 101},
        {"name": "a\x00b"},
        {"scope": "root"},
        {"scope": ""},
        {"days": "0"},
        {"days": "99999999999"},
        {"days": "soon"},
        {"password": ""},
        {"password": "not it"},
        {"password": "a\x00b"},
        {"password": "a" * 5000},
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    sign_in: Callable[[User], Client], owner: User, changes: dict[str, str]
) -> None:
    response = sign_in(owner).post(f"{PAGE}make/", WANTED | changes)

    assert response.status_code == 400
    assert response.content.decode().count('role="alert"') == 1
    assert not ApiToken.objects.exists()


def test_tries_of_the_password_have_the_limit_of_signing_in(
    sign_in: Callable[[User], Client], owner: User, clean_redis: object
) -> None:
    client = sign_in(owner)

    answers = [
        client.post(f"{PAGE}make/", WANTED | {"password": f"no {n}"}).content.decode() for n in range(20)
    ]

    assert "This is not your password." in answers[0]
    assert "Too many tries" in answers[-1]
    assert "Too many tries" in client.post(f"{PAGE}make/", WANTED).content.decode()
    assert not ApiToken.objects.exists()


def test_who_has_no_password_here_is_not_asked_for_one(
    sign_in: Callable[[User], Client], owner: User
) -> None:
    client = sign_in(owner)
    owner.set_unusable_password()
    owner.save()
    client.force_login(owner)

    assert 'type="password"' not in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}make/", {**WANTED, "password": ""}).status_code == 201


def test_too_many_tokens_are_refused_in_words(
    sign_in: Callable[[User], Client], owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teams.actions.issue_token.MAX_TOKENS", 1)
    client = sign_in(owner)
    client.post(f"{PAGE}make/", WANTED)

    refused = client.post(f"{PAGE}make/", WANTED)

    assert refused.status_code == 409
    assert "Revoke those that you do not need" in refused.content.decode()


def test_a_token_is_revoked_only_when_that_is_confirmed_with_what_was_made_with_it(
    sign_in: Callable[[User], Client], owner: User, outsider: User
) -> None:
    first = issue_own_token(by=owner, using=None, name="first", scope=ApiTokenScope.ADMIN, lifetime=None)
    issue_own_token(by=owner, using=first.row, name="second", scope=ApiTokenScope.READ, lifetime=None)
    client = sign_in(owner)
    address = f"{PAGE}{first.row.public_id}/revoke/"

    listed = client.get(PAGE).content.decode()
    asked = client.get(address).content.decode()
    theirs = sign_in(outsider).post(address).status_code
    still = ApiToken.objects.count()
    client.post(address)

    assert "1 token that was made with it" in asked
    assert "made with the token first" in listed
    assert (theirs, still, ApiToken.objects.count()) == (404, 2, 0)
    assert client.post(address).status_code == 404
