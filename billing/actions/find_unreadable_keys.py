"""Which stored keys cannot be opened: asked by operators after a restore or a change of keys."""

import uuid

from billing.key_vault import find_unreadable


def find_unreadable_keys() -> list[uuid.UUID]:
    """Return the rows whose key the configured encryption keys do not open; this is no use of a key."""
    return find_unreadable()
