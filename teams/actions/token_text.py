"""What a token looks like: `rnm_`, 160 random bits in base 62, and a checksum, as GitHub writes its own.

Scanners of leaked secrets know it by the prefix and prove it by the checksum, without asking us (reliability
6.4). Tokens made before there was a checksum are `rnm_` and 64 hexadecimal digits, and stay valid.
"""

import secrets
import string
import zlib

PREFIX = "rnm_"
BITS = 160
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_CHARS = 27
_CHECKSUM_CHARS = 6


def build_token() -> str:
    """Return a new token, 37 characters long."""
    secret = _base62(secrets.randbits(BITS), _SECRET_CHARS)
    return PREFIX + secret + checksum_of(secret)


def checksum_of(secret: str) -> str:
    """Return the CRC-32 of the characters between prefix and checksum, in base 62, with leading zeros."""
    return _base62(zlib.crc32(secret.encode("ascii")), _CHECKSUM_CHARS)


def _base62(number: int, width: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, len(_DIGITS))
        digits = _DIGITS[rest] + digits
    return digits.rjust(width, _DIGITS[0])
