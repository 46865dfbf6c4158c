"""The page of one's own keys: stored, known by their last characters, never told again."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from billing.actions import key_use
from billing.actions.key_shape import other_service_of
from billing.actions.key_use import uses_of_key
from billing.actions.store_user_key import store_user_key
from billing.key_vault import keys_for_run
from billing.models import UserApiKey
from executions.models import Execution
from teams.actions.create_team import create_team
from teams.actions.save_version import save_version
from teams.models import SunaConnection, Team, User
from tests.fixtures.people import SEQUENTIAL
from tests.functional.api.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_redis")]

KEY = "sk-proj-CANARY-0123456789"


def with_services(*services: str) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads(json.dumps(SEQUENTIAL))
    definition["agents"][0]["services"] = list(services)
    return definition


def test_a_key_is_stored_and_in_no_answer_and_no_log(
    sign_in: Callable[[User], Client], owner: User, caplog: pytest.LogCaptureFixture
) -> None:
    client = sign_in(owner)

    with caplog.at_level(logging.DEBUG):
        stored = client.post("/keys/store/", {"service": " OpenAI ", "key": f" {KEY} "}, follow=True)

    assert stored.redirect_chain == [("/keys/", 302)]
    text = stored.content.decode()
    assert "The key for openai is stored." in text
    assert "…6789" in text
    assert "CANARY" not in text + caplog.text + json.dumps(dict(client.session))
    assert UserApiKey.objects.get().service_name == "openai"


@pytest.mark.parametrize(
    ("service", "key", "field"),
    [
        ("openai", f"{KEY} x", "key"),
        ("openai", f"{KEY}\nCANARY", "key"),
        ("openai", "CANARY", "key"),
        ("openai", "CANARY" * 1000, "key"),
        ("openai", "", "key"),
        ("open ai", KEY, "service"),
        ("", KEY, "service"),
        ("é" * 300, KEY, "service"),
        ("\x00", KEY, "service"),
    ],
)
def test_what_cannot_be_a_key_is_refused_beside_its_field_and_not_repeated(
    sign_in: Callable[[User], Client], owner: User, service: str, key: str, field: str
) -> None:
    response = sign_in(owner).post("/keys/store/", {"service": service, "key": key})

    text = response.content.decode()
    assert response.status_code == 400
    assert "CANARY" not in text
    assert text.count("aria-invalid") == 1
    assert f'name="{field}"' in text[: text.index("aria-invalid")].rsplit("<input", 1)[1]
    assert not UserApiKey.objects.exists()


def test_a_key_that_looks_like_anothers_is_stored_with_a_warning(
    sign_in: Callable[[User], Client], owner: User
) -> None:
    response = sign_in(owner).post(
        "/keys/store/", {"service": "openai", "key": "sk-ant-CANARY-0123456789"}, follow=True
    )

    assert "looks like a key for anthropic" in response.content.decode()
    assert "CANARY" not in response.content.decode()


@pytest.mark.parametrize(
    ("service", "key", "other"),
    [
        ("openai", "sk-proj-12345678", None),
        ("openai", "sk-12345678", None),
        ("anthropic", "sk-12345678", None),
        ("google-maps", "AIza12345678", None),
        ("openai", "sk-ant-12345678", "anthropic"),
        ("tavily", "rnm_12345678", "renum"),
    ],
)
def test_only_what_surely_begins_like_another_services_key_is_odd(
    service: str, key: str, other: str | None
) -> None:
    assert other_service_of(service=service, key=key) == other


def test_the_page_says_which_teams_use_a_key_and_which_services_lack_one(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    save_version(team=team, by=owner, definition=with_services("openai", "tavily"))
    SunaConnection.objects.update(sends_user_keys=True)
    store_user_key(user=owner, service="openai", key=KEY, now=timezone.now())
    client = sign_in(owner)

    text = " ".join(client.get("/keys/").content.decode().split())
    delete = client.get("/keys/openai/delete/").content.decode()

    assert f'<a href="/teams/{team.pk}/">Analysts</a>' in text
    assert '<a href="?service=tavily#store">tavily</a> (Analysts)' in text
    assert "not sent: its connection" not in text
    assert "Analysts" in delete


def test_a_key_is_deleted_only_when_that_is_confirmed(sign_in: Callable[[User], Client], owner: User) -> None:
    store_user_key(user=owner, service="openai", key=KEY, now=timezone.now())
    client = sign_in(owner)

    asked = client.get("/keys/openai/delete/")
    still = UserApiKey.objects.count()
    done = client.post("/keys/openai/delete/", follow=True)

    assert (asked.status_code, still) == (200, 1)
    assert "The key for openai is deleted." in done.content.decode()
    assert not UserApiKey.objects.exists()
    assert client.post("/keys/openai/delete/").status_code == 404
    assert client.get("/keys/no%20such/delete/").status_code == 404


def test_keys_are_changed_on_the_page_and_at_the_api_as_often_together(
    sign_in: Callable[[User], Client], owner: User, outsider: User
) -> None:
    client = sign_in(owner)
    address = "/api/v1/user-keys/openai"

    # A person may do twice what one token may.
    with override_settings(API=replace(settings.API, key_changes_per_minute=2)):
        changed = [
            client.post("/keys/store/", {"service": "openai", "key": KEY}).status_code,
            client_for(owner).put(address, {"key": KEY}, format="json").status_code,
            client.post("/keys/store/", {"service": "openai", "key": "short"}).status_code,
            client.post("/keys/openai/delete/").status_code,
        ]
        store_user_key(user=owner, service="openai", key=KEY, now=timezone.now())
        stored = client.post("/keys/store/", {"service": "tavily", "key": KEY})
        deleted = client.post("/keys/openai/delete/", headers={"Accept-Language": "pt-br"})
        assert client.get("/keys/openai/delete/").status_code == 200
        assert sign_in(outsider).post("/keys/store/", {"service": "openai", "key": KEY}).status_code == 302

    assert changed == [302, 200, 400, 302]
    assert [answer.status_code for answer in (stored, deleted)] == [429, 429]
    assert all(1 <= int(answer["Retry-After"]) <= 60 for answer in (stored, deleted))
    assert "Too many tries. Wait " in stored.content.decode()
    assert "CANARY" not in stored.content.decode()
    assert "Tentativas demais." in deleted.content.decode()
    assert [row.service_name for row in UserApiKey.objects.for_user(owner)] == ["openai"]


def test_the_execution_that_used_a_key_last_is_linked(
    sign_in: Callable[[User], Client], execution: Execution, owner: User
) -> None:
    store_user_key(user=owner, service="openai", key=KEY, now=timezone.now())
    keys_for_run(user_id=owner.pk, services=["openai"], now=timezone.now(), execution_id=execution.pk)

    used = sign_in(owner).get("/keys/").content.decode()
    store_user_key(user=owner, service="openai", key=f"{KEY}x", now=timezone.now())

    assert f"/executions/{execution.pk}/" in used
    assert "not used yet" in sign_in(owner).get("/keys/").content.decode()


def test_what_a_version_declares_is_read_once(
    owner: User, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        create_team(
            owner=owner, name=f"Team {number}", definition=with_services("openai"), connection=team.connection
        )
    read: list[object] = []
    original = key_use.read_definition
    monkeypatch.setattr(key_use, "read_definition", lambda value: (read.append(value), original(value))[1])

    first = uses_of_key(owner, "openai")
    with CaptureQueriesContext(connection) as asked:
        second = uses_of_key(owner, "openai")

    assert len(read) == 21
    assert len(asked) == 1
    assert [use.team for use in first] == [use.team for use in second]
    assert len(second) == 20

    save_version(team=team, by=owner, definition=with_services("openai"))
    assert len(uses_of_key(owner, "openai")) == 21
    assert len(read) == 22
