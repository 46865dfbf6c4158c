"""Hints through Redis that executions have new events. Rows are the truth; who misses a hint looks anyway.

A hint is the ids of the executions, separated by spaces.
"""

import logging
import time
import uuid
from collections.abc import Collection, Iterator

from django.db import transaction
from django_redis import get_redis_connection
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

CHANNEL = "renum:events"
LEAVE_ALONE_S = 5.0
MAX_HINT_BYTES = 100_000


class _Absence:
    """Until when Redis is left alone: one that hangs would otherwise hold up each commit."""

    until = 0.0


_absence = _Absence()


def tell_of_events_on_commit(execution_ids: Collection[uuid.UUID]) -> None:
    """Tell those who follow these executions as soon as the transaction around this call is committed."""
    if execution_ids:
        transaction.on_commit(lambda: _tell(execution_ids), robust=True)


def read_hint(hint: bytes) -> Iterator[uuid.UUID]:
    """Yield the executions that a hint names; what is no id is passed over, for anybody may publish."""
    for text in hint[:MAX_HINT_BYTES].split():
        try:
            yield uuid.UUID(text.decode())
        except ValueError:
            continue


def _tell(execution_ids: Collection[uuid.UUID]) -> None:
    if time.monotonic() < _absence.until:
        return
    try:
        # This one is not waited for: who follows looks by itself every other second.
        get_redis_connection("context").publish(CHANNEL, " ".join(map(str, execution_ids)))
    except RedisError as error:
        _absence.until = time.monotonic() + LEAVE_ALONE_S
        logger.warning("nobody is told of new events: %s", type(error).__name__)
