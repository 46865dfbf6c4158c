"""The header Retry-After: seconds, or a date."""

import datetime as dt
import email.utils
import re
from collections.abc import Mapping

_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,3})?", re.ASCII)


def read_retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds the service wants to be left alone; None where it does not say.

    A date is counted from the answer's own Date, so that the two clocks need not agree; without one it
    says nothing. A date that has passed means now.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    until, sent = _read_date(value), _read_date(headers.get("date", ""))
    return max(0.0, (until - sent).total_seconds()) if until and sent else None


def _read_date(value: str) -> dt.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
