"""Who watches live output and may not any more, and who does not take what is sent."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from executions.live import rights
from executions.live.hand_over import SLOT, HandedOver, Message, Receive, Send
from executions.live.hub import hub_of_loop
from executions.live.places import Places
from executions.live.rights import Watcher, find_allowed
from executions.live.streams import Stream
from executions.orchestrator.database_calls import in_driver_thread
from teams.models import ApiToken, ApiTokenScope, TeamMembership, TeamRole, User
from tests.fixtures.people import make_member, make_person
from tests.integration.orchestrator.rows import Rows, make_rows


@pytest.fixture
def rows(transactional_db: None) -> Rows:
    return make_rows()


@pytest.fixture
def tokens(rows: Rows) -> list[ApiToken]:
    return [make_token(rows.team.owner) for _ in range(2)]


def make_token(user: User) -> ApiToken:
    token, _ = ApiToken.objects.create(user=user, expiry=None, name="test", scope=ApiTokenScope.READ)
    return token


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
def test_who_lost_the_right_to_watch_is_found_among_all_who_watch(rows, django_assert_max_num_queries):
    execution = rows.open_execution
    team = execution.team
    member, gone, banned = (make_member(team, name, TeamRole.VIEWER) for name in ("max", "gus", "ben"))
    kept, revoked, other = make_token(team.owner), make_token(team.owner), make_token(member)
    browsers = {user: signed_in(user) for user in (team.owner, member, gone, banned)}
    left, forged = signed_in(team.owner), signed_in(team.owner)
    watching = {
        name: Watcher(
            execution_id=execution.pk,
            user_id=user.pk,
            token_id=token.pk if isinstance(token, ApiToken) else None,
            session_key=token.session.session_key if isinstance(token, Client) else None,
            session_hash=user.get_session_auth_hash(),
        )
        for name, user, token in (
            ("owner", team.owner, browsers[team.owner]),
            ("owner's token", team.owner, kept),
            ("revoked", team.owner, revoked),
            ("another's token", team.owner, other),
            ("signed out", team.owner, left),
            ("password changed", team.owner, forged),
            ("member", member, browsers[member]),
            ("gone", gone, browsers[gone]),
            ("banned", banned, browsers[banned]),
            ("outsider", make_person("oscar"), None),
        )
    }
    watching["password changed"] = replace(watching["password changed"], session_hash="of another password")
    left.logout()
    revoked.delete()
    TeamMembership.objects.filter(user=gone).delete()
    User.objects.filter(pk=banned.pk).update(is_active=False)

    with django_assert_max_num_queries(6):
        allowed = find_allowed(set(watching.values()))

    assert {name for name, one in watching.items() if one in allowed} == {"owner", "owner's token", "member"}
    assert find_allowed(set()) == set()


class Served:
    """One stream that is served to a client which can stop to take what it is sent."""

    def __init__(self, watcher: Watcher) -> None:
        self.got: list[bytes] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.gone = asyncio.Event()
        self.places = Places()
        self._stream = Stream(
            watcher=watcher,
            place=self.places.take(watcher.user_id),
            join=lambda: hub_of_loop().join(watcher.execution_id),
            heartbeat_s=0.1,
            lasts_s=60,
        )
        # What uvicorn's `send` belongs to has a transport; here it is this.
        self.transport = self
        self.task = asyncio.create_task(HandedOver(self._view)({"type": "http"}, self.receive, self.send))

    def abort(self) -> None:
        self.gone.set()

    async def _view(self, scope: Message, receive: Receive, send: Send) -> None:
        scope[SLOT].stream = self._stream
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.takes.wait()
        if message["type"] == "http.response.start":
            assert message["headers"] == []
        else:
            self.got.append(message["body"])


@pytest.mark.django_db(transaction=True)
async def test_a_stream_ends_soon_after_its_watcher_lost_the_right(rows, tokens, clean_redis, monkeypatch):
    monkeypatch.setattr(rights, "CHECK_EACH_S", 0.2)
    kept, revoked = tokens
    stays, ends = (
        Served(Watcher(execution_id=rows.open_execution.pk, user_id=rows.team.owner_id, token_id=token.pk))
        for token in (kept, revoked)
    )
    try:
        async with asyncio.timeout(10):
            while not ends.got:
                await asyncio.sleep(0.01)
            await in_driver_thread(revoked.delete)
            await ends.task
        assert not ends.gone.is_set()
        assert not ends.places._taken
        assert stays.got
        assert not stays.task.done()
    finally:
        stays.task.cancel()
        await asyncio.gather(stays.task, return_exceptions=True)
        await in_driver_thread(connections.close_all)


@pytest.mark.django_db(transaction=True)
async def test_a_client_that_takes_nothing_is_cut_off_and_its_place_is_free(
    rows, tokens, clean_redis, settings
):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, stream_write_s=0.5)
    watcher = Watcher(execution_id=rows.open_execution.pk, user_id=rows.team.owner_id, token_id=tokens[0].pk)
    takes, stuck = Served(watcher), Served(watcher)
    try:
        async with asyncio.timeout(10):
            while not stuck.got:
                await asyncio.sleep(0.01)
            stuck.takes.clear()
            await stuck.task

        assert stuck.gone.is_set()
        assert not stuck.places._taken
        assert not takes.task.done()
        assert len(takes.got) > 3
    finally:
        takes.task.cancel()
        await asyncio.gather(takes.task, return_exceptions=True)
    assert not takes.places._taken
