"""Calls of the database from coroutines, each in a thread with a connection of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import InterfaceError, InternalError, OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")

DATABASE_AWAY = (OperationalError, InterfaceError)
READ_ONLY = "25006"


@contextmanager
def read_only_is_away() -> Iterator[None]:
    """Raise OperationalError where PostgreSQL takes no writes: a standby, or a disk that is full.

    It says so with an InternalError, which would be taken for the fault of whoever's data was written.
    """
    try:
        yield
    except InternalError as error:
        if getattr(error.__cause__, "sqlstate", None) != READ_ONLY:
            raise
        raise OperationalError("PostgreSQL takes no writes") from error


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
    except DATABASE_AWAY:
        connection.close()
        raise
