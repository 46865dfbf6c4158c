"""Where live output meets in Redis: who watches says so in one key, the driver writes into another.

Nothing of it is the truth about anything, and all of it may be lost at any moment.
"""

import uuid

WATCH_S = 30
"""So long a run counts as watched after somebody last said so."""
KEEP_S = 120
"""So long what was written stays there after the driver last touched it."""
MAX_ENTRIES = 2_000
MAX_BYTES = 1024 * 1024
"""Of one run no more is kept at a time: the oldest goes first."""

NUMBER, EVENTS = "n", "e"
"""The fields of an entry: its number, from 0 where the output begins, and a JSON list of events."""


def watch_key(run_id: uuid.UUID) -> str:
    """Return the key that says that somebody watches a run, by the id of our row."""
    return f"renum:watch:{run_id}"


def stream_key(run_id: uuid.UUID) -> str:
    """Return the key of a run's live output, a Redis stream."""
    return f"renum:live:{run_id}"
