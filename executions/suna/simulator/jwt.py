"""Looks into a JSON Web Token as far as Suna does: its claims, and its HS256 signature."""

import base64
import hmac
from binascii import Error
from hashlib import sha256
from typing import Any

import msgspec


def claims_of(token: str) -> dict[str, Any] | None:
    """Return the claims, unchecked; None where the text is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        header, claims = (msgspec.json.decode(_decoded(part)) for part in parts[:2])
    except (Error, ValueError, msgspec.DecodeError):
        return None
    return claims if isinstance(header, dict) and isinstance(claims, dict) else None


def is_signed(token: str, *, secret: str) -> bool:
    """Tell whether a JWT carries the HS256 signature of this secret."""
    signed, _, signature = token.rpartition(".")
    expected = hmac.digest(secret.encode(), signed.encode(), sha256)
    try:
        return hmac.compare_digest(_decoded(signature), expected)
    except (Error, ValueError):
        return False


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
