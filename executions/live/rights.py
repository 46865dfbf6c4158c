"""Who watches what, and whether they still may: looked at for all streams of a process together."""

import asyncio
import logging
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from django.contrib.sessions.models import Session
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare

from executions.live.listener import Listener
from executions.live.reading_thread import reading_thread_of_loop
from executions.models import Execution
from teams.models import ApiToken, Team, User

logger = logging.getLogger(__name__)

CHECK_EACH_S = 2.5
"""A right that was lost ends a stream within twice this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """A person who watches an execution, and what proved that it is they: a token, or a browser's session.

    `session_hash` is what the session holds of the password; another password ends the session.
    """

    execution_id: uuid.UUID
    user_id: uuid.UUID
    token_id: str | None = None
    session_key: str | None = None
    session_hash: str = ""


def find_allowed(watchers: Collection[Watcher]) -> set[Watcher]:
    """Return those who may still watch. The number of queries does not depend on how many watch."""
    user_ids = {watcher.user_id for watcher in watchers}
    users = {user.pk: user for user in User.objects.filter(pk__in=user_ids, is_active=True)}
    tokens = set(
        ApiToken.objects.filter(Q(expiry=None) | Q(expiry__gt=Now()))
        .filter(pk__in={watcher.token_id for watcher in watchers if watcher.token_id})
        .values_list("pk", "user_id")
    )
    keys = {watcher.session_key for watcher in watchers if watcher.session_key}
    sessions = set(
        Session.objects.filter(pk__in=keys, expire_date__gt=Now()).values_list("pk", flat=True)
        if keys
        else ()
    )
    teams = dict(
        Execution.objects.filter(pk__in={watcher.execution_id for watcher in watchers}).values_list(
            "pk", "team_id"
        )
    )
    seen = Team.objects.filter(pk__in=set(teams.values())).seen_by(users)

    def may(watcher: Watcher) -> bool:
        user = users.get(watcher.user_id)
        team_id = teams.get(watcher.execution_id)
        # One that was deleted: its stream ends by itself and says so.
        if user is None or (team_id is not None and (team_id, user.pk) not in seen):
            return False
        if watcher.token_id is not None:
            return (watcher.token_id, user.pk) in tokens
        is_same = constant_time_compare(watcher.session_hash, user.get_session_auth_hash())
        return watcher.session_key in sessions and is_same

    return {watcher for watcher in watchers if may(watcher)}


class RightsRound:
    """Ends the streams of those who may not watch any more. It works while there are streams."""

    def __init__(self) -> None:
        self._listeners: dict[Listener, Watcher] = {}
        self._task: asyncio.Task[None] | None = None

    def join(self, watcher: Watcher, listener: Listener) -> None:
        """Look after a stream."""
        self._listeners[listener] = watcher
        if self._task is None:
            self._task = asyncio.create_task(self._check_on(), name="live: rights")

    def leave(self, listener: Listener) -> None:
        """Forget a stream."""
        self._listeners.pop(listener, None)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _check_on(self) -> None:
        thread = reading_thread_of_loop()
        thread.begin_use()
        try:
            while True:
                await asyncio.sleep(CHECK_EACH_S)
                watched = dict(self._listeners)
                try:
                    allowed = await thread.read(find_allowed, set(watched.values()))
                except Exception as error:  # noqa: BLE001  who takes rights away needs PostgreSQL as well
                    logger.warning("rights to watch are not looked at: %s", type(error).__name__)
                    continue
                for listener, watcher in watched.items():
                    if watcher not in allowed:
                        logger.info("a stream ends: who watches may not any more")
                        listener.drop()
        finally:
            thread.end_use()


_ROUNDS: "WeakKeyDictionary[asyncio.AbstractEventLoop, RightsRound]" = WeakKeyDictionary()


def rights_of_loop() -> RightsRound:
    """Return the round of the running event loop."""
    return _ROUNDS.setdefault(asyncio.get_running_loop(), RightsRound())
