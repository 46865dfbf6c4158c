"""The copy of the shared context in Redis: one hash per execution, its version beside its values.

The hash `renum:context:<execution id>` has the field `v` (the version) and one field `k:<key>` a value, as
JSON. It lives for a day after its last write. Redis being away is no error here: reading falls back to
PostgreSQL, and a write that was missed is seen by its version.
"""

import json
import logging
import time
import uuid
from collections.abc import Iterable, Mapping
from itertools import islice

from django_redis import get_redis_connection
from redis.exceptions import RedisError, WatchError

from executions.context.rebuild import rebuild_context
from executions.context.stored_form import in_stored_form
from teams.workflow.plan import Json

logger = logging.getLogger(__name__)

KEEP_S = 86_400
LEAVE_ALONE_S = 5.0
FORGET_AT_ONCE = 500


class _Absence:
    """Whether Redis failed a moment ago: one that hangs would otherwise cost its time-out at each call."""

    def __init__(self) -> None:
        self._until = 0.0

    def __bool__(self) -> bool:
        return time.monotonic() < self._until

    def note(self, doing: str, execution_id: uuid.UUID, error: RedisError) -> None:
        """Say that Redis is away, and leave it alone for some seconds."""
        self._until = time.monotonic() + LEAVE_ALONE_S
        logger.warning("Redis is away, context of %s not %s: %s", execution_id, doing, type(error).__name__)


_away = _Absence()


def key_of(execution_id: uuid.UUID) -> str:
    """Return the name of an execution's hash."""
    return f"renum:context:{execution_id}"


def read_context(execution_id: uuid.UUID, *, version: int) -> dict[str, Json]:
    """Return the context at `version`: from Redis where that version is there, else rebuilt and put there."""
    values = _find_copy(execution_id, version)
    if values is None:
        values = rebuild_context(execution_id, version=version)
        replace_context(execution_id, version=version, values=values)
    return _ordered(values)


def apply_to_context(
    execution_id: uuid.UUID, *, from_version: int, to_version: int, values: Mapping[str, Json]
) -> None:
    """Bring the copy from one version to the next; a copy of another version is dropped, to be rebuilt."""
    if _away:
        return
    name = key_of(execution_id)
    try:
        with get_redis_connection("context").pipeline() as pipe:
            pipe.watch(name)
            held = pipe.hget(name, "v")
            pipe.multi()
            if held == str(from_version).encode() or (held is None and from_version == 0):
                pipe.hset(name, mapping=_fields_of(values, to_version))
                pipe.expire(name, KEEP_S)
            else:
                pipe.delete(name)
            pipe.execute()
    except WatchError:
        # Somebody wrote in between; the version tells the next reader that this copy is not the newest.
        logger.info("context of %s changed while version %s was put there", execution_id, to_version)
    except RedisError as error:
        _away.note("put into Redis", execution_id, error)


def replace_context(execution_id: uuid.UUID, *, version: int, values: Mapping[str, Json]) -> None:
    """Put a whole context into Redis in place of whatever is there."""
    if _away:
        return
    name = key_of(execution_id)
    try:
        with get_redis_connection("context").pipeline(transaction=True) as pipe:
            pipe.delete(name)
            pipe.hset(name, mapping=_fields_of(values, version))
            pipe.expire(name, KEEP_S)
            pipe.execute()
    except RedisError as error:
        _away.note("put into Redis", execution_id, error)


def forget_contexts(execution_ids: Iterable[uuid.UUID]) -> None:
    """Drop the copies of these executions, because their versions may be counted anew. Raises RedisError."""
    ids = iter(execution_ids)
    client = get_redis_connection("context")
    while batch := list(islice(ids, FORGET_AT_ONCE)):
        client.delete(*(key_of(execution_id) for execution_id in batch))


def _find_copy(execution_id: uuid.UUID, version: int) -> dict[str, Json] | None:
    """Return the copy in Redis; None where it is of another version, spoilt, or not to be had."""
    if _away:
        return None
    try:
        stored = get_redis_connection("context").hgetall(key_of(execution_id))
    except RedisError as error:
        _away.note("read from Redis", execution_id, error)
        return None
    try:
        return _values_of(stored, version)
    except ValueError:
        logger.warning("context of %s is spoilt in Redis and is rebuilt", execution_id)
        return None


def _ordered(values: Mapping[str, Json]) -> dict[str, Json]:
    ordered: dict[str, Json] = in_stored_form(dict(values))
    return ordered


def _fields_of(values: Mapping[str, Json], version: int) -> dict[str, str]:
    fields = {f"k:{key}": json.dumps(value, ensure_ascii=False) for key, value in values.items()}
    return {"v": str(version), **fields}


def _values_of(stored: Mapping[bytes, bytes], version: int) -> dict[str, Json] | None:
    if stored.get(b"v") != str(version).encode():
        return None
    return {
        name.decode().removeprefix("k:"): json.loads(value)
        for name, value in stored.items()
        if name.startswith(b"k:")
    }
