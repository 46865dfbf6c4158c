"""PostgreSQL's clock: the only one by which anything is decided, whatever the hosts' clocks say."""

import datetime as dt

from django.db import connection


def database_now() -> dt.datetime:
    """Return PostgreSQL's time of this moment, also within a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now
