"""Calls of the database from coroutines, each in a thread with a connection of its own."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")

DATABASE_AWAY = (OperationalError, InterfaceError)


async def in_driver_thread(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a short call in the one thread that all such calls of a driver share."""
    return await sync_to_async(_drop_lost_connection, thread_sensitive=True)(call, *args, **kwargs)


async def in_any_thread(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a call that may wait for something else, such as Redis, beside all others."""
    return await sync_to_async(_drop_lost_connection, thread_sensitive=False)(call, *args, **kwargs)


def _drop_lost_connection(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    # Outside of a request Django keeps a connection that is gone, and every later call would fail on it.
    try:
        return call(*args, **kwargs)
    except DATABASE_AWAY:
        connection.close()
        raise
