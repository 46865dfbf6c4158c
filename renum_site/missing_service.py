"""One sentence for a command that found no PostgreSQL."""

import psycopg
from django.conf import settings


def describe_missing_database() -> str | None:
    """Return what to do about a PostgreSQL that does not answer, or None where it does."""
    try:
        psycopg.connect(settings.DATABASE_URL, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        if "postgres" in settings.EMBEDDED_SERVICES:
            return "PostgreSQL is not running: start it with `python manage.py services start`."
        reason = (str(error).strip().splitlines() or ["no reason given"])[-1]
        return f"PostgreSQL does not answer as DATABASE_URL says: {reason}"
    return None
