"""A PostgreSQL database and a Redis database that belong to this bench alone, for as long as it runs.

Works before Django's settings are read. A number is taken by the locked file that test runs take theirs by,
so that neither gets the other's; the highest free one, because tests begin with the lowest.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from bench.situations import BenchError
from renum_site.embedded.command import find_external
from renum_site.embedded.lifecycle import start_services
from renum_site.embedded.state import read_address

NUMBERS = 15
CONNECT_TIMEOUT_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDatabases:
    """The addresses of what the bench has for itself."""

    database_url: str
    redis_url: str


@contextmanager
def own_databases(values: Mapping[str, str], *, var: Path) -> Iterator[OwnDatabases]:
    """Give a new database of PostgreSQL and an empty one of Redis, given or embedded; empty both at the end.

    Raises BenchError where no number is free, ServiceError where a service does not start.
    """
    start_services(var=var, external=find_external(values))
    postgres, cache = read_address(var, "postgres"), read_address(var, "redis")
    database_url = values.get("DATABASE_URL") or (postgres.postgres_url() if postgres else "")
    redis_url = values.get("REDIS_URL") or (cache.redis_url() if cache else "")
    given = "redis" in find_external(values)
    number, lock, own_redis_url = _take_number(var / "test-slots", redis_url, given=given)
    name = f"renum_bench_{number}"
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as maintenance:
            _drop(maintenance, name)
            maintenance.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield OwnDatabases(database_url=_with_path(database_url, name), redis_url=own_redis_url)
        finally:
            with psycopg.connect(
                database_url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
            ) as maintenance:
                _drop(maintenance, name)
            with redis.Redis.from_url(own_redis_url) as client:
                client.flushdb()
    finally:
        os.close(lock)


def _take_number(folder: Path, redis_url: str, *, given: bool) -> tuple[int, int, str]:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(NUMBERS, 0, -1):
        lock = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        own_url = _with_path(redis_url, str(number))
        if _is_free(lock) and _is_empty(own_url, given=given):
            return number, lock, own_url
        os.close(lock)
    msg = f"None of Redis's databases 1 to {NUMBERS} is free and empty."
    raise BenchError(msg)


def _is_free(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_empty(url: str, *, given: bool) -> bool:
    with redis.Redis.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT_S) as client:
        if not given:
            # The embedded Redis is ours, and what lies here was left by a bench or a test that was killed.
            client.flushdb()
        # On a Redis that is given, a database with anything in it is somebody's.
        return int(client.dbsize()) == 0


def _drop(maintenance: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    maintenance.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))
