"""Calls of the database from coroutines, each in a thread with a connection of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import InterfaceError, InternalError, OperationalError, connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

DATABASE_AWAY = (OperationalError, InterfaceError)
READ_ONLY = "25006"
IDLE_IN_TRANSACTION = "25P03"
# Somebody else holds what was asked for: a lock not had in time, a statement that took too long, a deadlock.
CONTENDED = frozenset({"55P03", "57014", "40P01"})
BRIEF_LOCK_MS = 50
BRIEF_STATEMENT_MS = 5000


@contextmanager
def read_only_is_away() -> Iterator[None]:
    """Raise OperationalError where PostgreSQL takes no writes: a standby, or a disk that is full.

    The same where it ended our session because we stood still in a transaction. It says so with an
    InternalError, which would be taken for the fault of whoever's data was written.
    """
    try:
        yield
    except InternalError as error:
        state = sqlstate_of(error)
        if state == READ_ONLY:
            raise OperationalError("PostgreSQL takes no writes") from error
        if state == IDLE_IN_TRANSACTION:
            raise OperationalError("this process stood still in a transaction") from error
        raise


def sqlstate_of(error: BaseException) -> str:
    """Return the five characters by which PostgreSQL names an error, or none where it did not say it."""
    return str(getattr(error.__cause__, "sqlstate", None) or "")


def is_contended(error: BaseException) -> bool:
    """Whether PostgreSQL is there, and somebody else holds up what was asked of it."""
    return sqlstate_of(error) in CONTENDED


@contextmanager
def brief_locks() -> Iterator[None]:
    """Open a transaction that waits for each lock for 50 ms only: one locked row must hold nobody else up.

    Raises OperationalError (`is_contended`) where a lock is not had by then, or a statement takes 5 s.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {BRIEF_LOCK_MS}")
            cursor.execute(f"SET LOCAL statement_timeout = {BRIEF_STATEMENT_MS}")
        yield


async def in_driver_thread(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a short call in the one thread that all such calls of a driver share."""
    return await sync_to_async(_drop_lost_connection, thread_sensitive=True)(call, *args, **kwargs)


async def in_any_thread(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a call that may wait for something else, such as Redis, beside all others."""
    return await sync_to_async(_drop_lost_connection, thread_sensitive=False)(call, *args, **kwargs)


def _drop_lost_connection(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    # Outside of a request Django keeps a connection that is gone, and every later call would fail on it.
    try:
        with read_only_is_away():
            return call(*args, **kwargs)
    except DATABASE_AWAY as error:
        if not is_contended(error):
            connection.close()
        raise
