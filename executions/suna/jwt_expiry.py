"""When a JWT runs out, as it says itself. Nothing is verified: it is our own, and Suna judges it."""

import base64
import binascii
import datetime as dt
import json

from executions.agent_service import SecretText

EXPIRED_FOR = dt.timedelta(seconds=60)
"""So long it must have run out to count as expired. What stands before a Suna may write a clock of its own
into the answers; a JWT that is let through too long is refused by Suna, one that is held back is missed."""
MAX_SECONDS = 253_402_300_799
"""The last second of the year 9999."""


def read_expiry(token: SecretText | None) -> dt.datetime | None:
    """Return the time in a JWT's claim `exp`; None where there is no JWT, or where it says none."""
    parts = token.reveal().split(".") if token is not None else []
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    seconds = claims.get("exp") if isinstance(claims, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_SECONDS:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def has_expired(token: SecretText | None, *, service_time: dt.datetime | None) -> bool:
    """Tell whether a JWT has surely run out by the service's own clock; False where either is not known."""
    expiry = read_expiry(token)
    return expiry is not None and service_time is not None and service_time - expiry >= EXPIRED_FOR
