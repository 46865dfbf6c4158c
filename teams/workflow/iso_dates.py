"""ISO dates in conditions: 2026-03-01, 2026-03-01T09:30, 2026-03-01T09:30:00.5+02:00, ...Z."""

import datetime as dt
import re

_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


def find_iso_date(text: str) -> dt.datetime | None:
    """Return the moment that the text names, None where it names none.

    A date alone is its midnight, a time without an offset is UTC, so that any two can be compared.
    """
    if len(text) > 40 or not _ISO.fullmatch(text):
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
