"""One sentence for a command that found no PostgreSQL or no Redis where the settings say."""

import redis
from django.conf import settings
from django.db import DatabaseError, connections
from django_redis import get_redis_connection


def describe_missing_service() -> str | None:
    """Return what to do about a service from outside that does not answer; None where both do.

    Embedded services are started and waited for by whoever needs them: they are not asked.
    """
    if "postgres" not in settings.EMBEDDED_SERVICES and (missing := describe_missing_database()):
        return missing
    return None if "redis" in settings.EMBEDDED_SERVICES else _describe_missing_redis()


def describe_missing_database() -> str | None:
    """Return what to do about a PostgreSQL that cannot be used, or None where it can."""
    # By the parts that Django connects with: of an address libpq may take an odd password for the host.
    probe = connections.create_connection("default")
    try:
        probe.ensure_connection()
    except DatabaseError as error:
        if "postgres" in settings.EMBEDDED_SERVICES:
            return "PostgreSQL is not running: start it with `python manage.py services start`."
        return f"PostgreSQL at {_place()} (DATABASE_URL) cannot be used: {reason_of(error)}"
    finally:
        probe.close()
    return None


def _describe_missing_redis() -> str | None:
    try:
        get_redis_connection("default").ping()
    except (redis.RedisError, OSError) as error:
        return f"Redis as REDIS_URL says cannot be used: {reason_of(error)}"
    return None


def _place() -> str:
    database = settings.DATABASES["default"]
    port = database["OPTIONS"].get("port") or database["PORT"] or "5432"
    return f"{database['HOST'] or 'the local socket'}:{port}"


def reason_of(error: Exception) -> str:
    """Return the first line of what the driver says: the ones after it are advice."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return " ".join(said.removeprefix("connection failed: ").split())
