"""Ids that sort by the time they were made (UUIDv7). Nothing but the default of primary keys lives here."""

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """Return a new UUIDv7 as the standard library's UUID, so that Django and psycopg know it."""
    return uuid7()
