"""Every I/O operation of a process of the product, named and counted; one of them may be made to go wrong.

The hooks sit where Django, httpx and redis-py do their I/O, so that nothing of the product knows of them. An
operation is a point: its kind, its name, and how many of that name came before it in this process. A number
over all operations would move with every poll and beat; a number per name does not.
"""

import json
import os
import re
import signal
import threading
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
import redis.asyncio.client
import redis.client
from django.db import OperationalError
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.signals import connection_created
from redis.exceptions import ConnectionError as RedisConnectionError

_SPACE = re.compile(r"\s+")
_SAVEPOINT = re.compile(r'"s\d+_x\d+"')
_PLACES = re.compile(r"%s(, %s)+")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
NAME_CHARS = 60


class Moment(StrEnum):
    """What happens to the operation.

    `KILLED_BEFORE` and `KILLED_AFTER`: kill -9 of the own process. `REFUSED`: it fails and had no effect.
    `ANSWER_LOST`: it takes effect, its answer is lost and so is the connection; the process lives on.
    """

    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    REFUSED = "refused"
    ANSWER_LOST = "answer lost"


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Point:
    """One operation: the `nth` (from 1) of its name in a process."""

    kind: str
    name: str
    nth: int

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.nth})"


class Operations:
    """Counts the operations of this process, writes them to `record`, and spoils the one at `at`."""

    def __init__(self, *, record: Path, at: Point | None = None, moment: Moment | None = None) -> None:
        self._at = at
        self._moment = moment
        self._seen: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._record = record.open("a", buffering=1)

    def install(self) -> None:
        """Put the hooks into Django, httpx and redis-py, for good: this process is made for one trial."""
        self._hook_database()
        self._hook_http()
        self._hook_redis()

    def _begin(self, kind: str, name: str) -> Moment | None:
        with self._lock:
            self._seen[kind, name] += 1
            point = Point(kind=kind, name=name, nth=self._seen[kind, name])
            hit = point == self._at
            self._record.write(json.dumps({**asdict(point), "hit": hit}) + "\n")
        if not hit:
            return None
        if self._moment is Moment.KILLED_BEFORE:
            _die()
        return self._moment

    def around(self, kind: str, name: str, do: Callable[[], Any], fail: Callable[[], BaseException]) -> Any:
        """Do one operation; `fail` breaks its connection and returns what its caller shall see."""
        moment = self._begin(kind, name)
        if moment is Moment.REFUSED:
            raise fail()
        result = do()
        return self._end(moment, result, fail)

    async def around_async(
        self, kind: str, name: str, do: Callable[[], Awaitable[Any]], fail: Callable[[], BaseException]
    ) -> Any:
        """Do one operation of a coroutine."""
        moment = self._begin(kind, name)
        if moment is Moment.REFUSED:
            raise fail()
        result = await do()
        return self._end(moment, result, fail)

    def _end(self, moment: Moment | None, result: Any, fail: Callable[[], BaseException]) -> Any:
        if moment is Moment.KILLED_AFTER:
            _die()
        if moment is Moment.ANSWER_LOST:
            raise fail()
        return result

    def _hook_database(self) -> None:
        def watch(sender: object, connection: DatabaseWrapper, **_: object) -> None:
            def execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
                return self.around(
                    "sql",
                    name_sql(sql),
                    lambda: run(sql, params, many, context),
                    lambda: _broken(connection),
                )

            connection.execute_wrappers.append(execute)

        connection_created.connect(watch, weak=False)
        commit = DatabaseWrapper._commit

        def counted(wrapper: DatabaseWrapper) -> Any:
            return self.around("commit", "COMMIT", lambda: commit(wrapper), lambda: _broken(wrapper))

        DatabaseWrapper._commit = counted
        connect = DatabaseWrapper.get_new_connection

        def opened(wrapper: DatabaseWrapper, params: Any) -> Any:
            return self.around(
                "connect", "CONNECT", lambda: connect(wrapper, params), lambda: _broken(wrapper)
            )

        DatabaseWrapper.get_new_connection = opened

    def _hook_http(self) -> None:
        send = httpx.AsyncClient.send

        async def counted(client: httpx.AsyncClient, request: httpx.Request, **how: Any) -> Any:
            def fail() -> BaseException:
                if self._moment is Moment.REFUSED:
                    return httpx.ConnectError("refused by the test")
                return httpx.ReadError("lost by the test")

            name = f"{request.method} {_ID.sub('*', request.url.path)}"
            return await self.around_async("http", name, lambda: send(client, request, **how), fail)

        httpx.AsyncClient.send = counted  # type: ignore[method-assign,assignment]

    def _hook_redis(self) -> None:
        def lost() -> BaseException:
            return RedisConnectionError("lost by the test")

        for owner, method in (
            (redis.client.Redis, "execute_command"),
            (redis.client.Pipeline, "immediate_execute_command"),
            (redis.client.Pipeline, "execute"),
        ):
            plain = getattr(owner, method)

            def counted(client: Any, *args: Any, _plain: Any = plain, **options: Any) -> Any:
                return self.around("redis", _name_redis(args), lambda: _plain(client, *args, **options), lost)

            setattr(owner, method, counted)
        for owner, method in (
            (redis.asyncio.client.Redis, "execute_command"),
            (redis.asyncio.client.Pipeline, "immediate_execute_command"),
            (redis.asyncio.client.Pipeline, "execute"),
            (redis.asyncio.client.PubSub, "execute_command"),
        ):
            plain = getattr(owner, method)

            async def counted_async(client: Any, *args: Any, _plain: Any = plain, **options: Any) -> Any:
                return await self.around_async(
                    "redis", _name_redis(args), lambda: _plain(client, *args, **options), lost
                )

            setattr(owner, method, counted_async)


def name_sql(sql: str) -> str:
    """Return a name for a statement: its beginning, and a checksum of the whole."""
    text = _SPACE.sub(" ", _PLACES.sub("%s", _SAVEPOINT.sub('"savepoint"', sql))).strip()
    return f"{text[:NAME_CHARS]} #{zlib.crc32(text.encode()) & 0xFFFF:04x}"


def _name_redis(args: tuple[Any, ...]) -> str:
    return str(args[0]) if args else "EXEC"


def _broken(wrapper: DatabaseWrapper) -> BaseException:
    if wrapper.connection is not None:
        wrapper.connection.close()
    return OperationalError("lost by the test")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
