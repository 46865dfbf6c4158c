"""Who watches live output and may not any more, and who does not take what is sent."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from django.db import connections

from executions.live import follow_execution as following
from executions.live import hub as hubs
from executions.live.places import Place
from executions.live.watchers import Watcher, find_allowed
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


@pytest.mark.django_db
def test_who_lost_the_right_to_watch_is_found_among_all_who_watch(rows, django_assert_max_num_queries):
    execution = rows.open_execution
    team = execution.team
    member, gone, banned = (make_member(team, name, TeamRole.VIEWER) for name in ("max", "gus", "ben"))
    kept, revoked = make_token(team.owner), make_token(team.owner)
    watching = {
        name: Watcher(execution_id=execution.pk, user_id=user.pk, token_key=token and token.pk)
        for name, user, token in (
            ("owner", team.owner, None),
            ("owner's token", team.owner, kept),
            ("revoked", team.owner, revoked),
            ("member", member, None),
            ("gone", gone, None),
            ("banned", banned, None),
            ("outsider", make_person("oscar"), None),
        )
    }
    revoked.delete()
    TeamMembership.objects.filter(user=gone).delete()
    User.objects.filter(pk=banned.pk).update(is_active=False)

    with django_assert_max_num_queries(4):
        allowed = find_allowed(set(watching.values()))

    assert {name for name, one in watching.items() if one in allowed} == {"owner", "owner's token", "member"}
    assert find_allowed(set()) == frozenset()


class Watching:
    """One stream, read by a task of its own that can stop to take what it is given."""

    def __init__(self, watcher: Watcher) -> None:
        self.got: list[bytes] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self.places = SimpleNamespace(dropped=[], drop=lambda place: self.places.dropped.append(place))
        place = Place(self.places, watcher.user_id)  # type: ignore[arg-type]
        self._stream: AsyncIterator[bytes] = following.follow_execution(watcher, place=place)
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for data in self._stream:
            self.got.append(data)
            await self.takes.wait()


@pytest.mark.django_db(transaction=True)
async def test_a_stream_ends_soon_after_its_watcher_lost_the_right(rows, tokens, clean_redis, monkeypatch):
    monkeypatch.setattr(hubs, "ALLOWED_EACH_S", 0.3)
    execution = rows.open_execution
    kept, revoked = tokens
    stays, ends = (
        Watching(Watcher(execution_id=execution.pk, user_id=rows.team.owner_id, token_key=token.pk))
        for token in (kept, revoked)
    )
    try:
        async with asyncio.timeout(10):
            while not ends.got:
                await asyncio.sleep(0.01)
            await in_driver_thread(revoked.delete)
            await ends.task
        assert len(ends.places.dropped) == 1
        assert stays.got
        assert not stays.task.done()
    finally:
        stays.task.cancel()
        await asyncio.gather(stays.task, return_exceptions=True)
        await in_driver_thread(connections.close_all)


@pytest.mark.django_db(transaction=True)
async def test_a_client_that_takes_nothing_is_cut_off_and_its_place_is_free(rows, clean_redis, monkeypatch):
    monkeypatch.setattr(hubs, "TAKEN_WITHIN_S", 0.5)
    monkeypatch.setattr(following, "HEARTBEAT_S", 0.1)
    watcher = Watcher(execution_id=rows.open_execution.pk, user_id=rows.team.owner_id)
    takes, stuck = Watching(watcher), Watching(watcher)
    stuck.takes.clear()
    try:
        async with asyncio.timeout(10):
            await asyncio.wait([stuck.task])

        assert stuck.task.cancelled()
        assert not takes.task.done()
        assert len(takes.got) > 3
    finally:
        takes.task.cancel()
        await asyncio.gather(takes.task, return_exceptions=True)
