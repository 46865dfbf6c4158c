"""When the last sweep ended, by PostgreSQL's clock. Kept in Redis: losing it costs a figure, nothing else."""

import datetime as dt
import logging

from django_redis import get_redis_connection
from redis.exceptions import RedisError

from teams.models.database_time import database_now

logger = logging.getLogger(__name__)

KEY = "renum:swept_at"


def record_sweep() -> None:
    """Note that a sweep has just ended."""
    try:
        get_redis_connection("default").set(KEY, database_now().isoformat())
    except RedisError as error:
        logger.warning("the end of a sweep was not noted: %s", type(error).__name__)


def find_swept_at() -> dt.datetime | None:
    """Return when the last sweep ended, or None where nobody knows. Raises RedisError."""
    value = get_redis_connection("default").get(KEY)
    try:
        return None if value is None else dt.datetime.fromisoformat(value.decode())
    except ValueError:
        return None
