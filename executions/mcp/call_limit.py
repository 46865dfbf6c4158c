"""How often one run may call in a minute; counted in Redis, and not at all while Redis is away."""

import logging
import time
import uuid

from django_redis import get_redis_connection
from redis.exceptions import RedisError

from teams.actions.refusal import Refusal

CALLS_PER_MINUTE = 240
_KEPT_S = 120

logger = logging.getLogger(__name__)


class TooManyCalls(Refusal):
    """The run called too often within a minute."""

    code = "too_many_calls"
    status = 429


def count_call(run_id: uuid.UUID) -> None:
    """Count a call of the run. Raises TooManyCalls."""
    name = f"renum:mcp-calls:{run_id}:{int(time.time()) // 60}"
    try:
        with get_redis_connection("default").pipeline() as pipe:
            pipe.incr(name)
            pipe.expire(name, _KEPT_S)
            count = int(pipe.execute()[0])
    except RedisError as error:
        # The rows of messages and of the context have limits of their own, which PostgreSQL keeps.
        logger.warning("calls of run %s are not counted: %s", run_id, type(error).__name__)
        return
    if count > CALLS_PER_MINUTE:
        raise TooManyCalls(f"A run may call {CALLS_PER_MINUTE} times a minute. Wait a moment.")
