"""What may be shown of a credential, and what a bearer token says of itself. Nothing here is a proof.

A Supabase access token is a JWT: its claims are read as they stand, without its signature (suna-contract
§1.2).
"""

import base64
import binascii
import datetime as dt
import json
from typing import Any

SHOWN_CHARS = 4
# Of a shorter secret four characters would be too much of it.
SHOWN_FROM_CHARS = 20
MAX_CLAIM_CHARS = 200


def mark_of(secret: str) -> str:
    """Return what a secret is recognised by: its end, or dots alone where it is short."""
    return "…" + secret[-SHOWN_CHARS:] if len(secret) >= SHOWN_FROM_CHARS else "…"


def read_claims(bearer: str) -> dict[str, Any]:
    """Return the claims of a JWT, unproven; {} where the token is none."""
    parts = bearer.split(".")
    if len(parts) != 3:
        return {}
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def read_text_claim(bearer: str, name: str) -> str:
    """Return a claim that is a text, "" where there is none; one line and not longer than people read."""
    value = read_claims(bearer).get(name)
    printable = isinstance(value, str) and value.isprintable()
    return str(value)[:MAX_CLAIM_CHARS] if printable else ""


def read_expiry(bearer: str) -> dt.datetime | None:
    """Return when a JWT says that it runs out, None where it does not say."""
    value = read_claims(bearer).get("exp")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return dt.datetime.fromtimestamp(value, tz=dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
