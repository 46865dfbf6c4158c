"""What a connection and a user are known by, and the headers that carry it.

Everything is checked before httpx sees it: httpx puts a header value that it refuses, whole, into its error
message (reliability H1). Nothing here ever puts a value into a text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from executions.agent_service import CredentialRefused, Rejected, SecretText

_KEY = re.compile(r"[\x21-\x7e]{8,4096}")
_CREDENTIAL = re.compile(r"[\x21-\x7e]{1,8192}")
_SERVICE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
MAX_KEYS_BYTES = 8 * 1024
"""Of all keys of one start together: servers refuse larger heads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SunaCredential:
    """How a connection logs in. Suna tries the API key only where both are sent, save in a few routes."""

    bearer: SecretText | None = None
    api_key: SecretText | None = None


def check_credential(credential: SunaCredential) -> None:
    """Raise CredentialRefused where a secret could not stand in a header."""
    for secret in (credential.bearer, credential.api_key):
        if secret is not None and not _CREDENTIAL.fullmatch(secret.reveal()):
            raise CredentialRefused(
                "the credential holds characters that no header can carry, or is too long"
            )


def check_user_keys(keys: Mapping[str, SecretText]) -> None:
    """Raise Rejected where a service's name or a key is not fit to be sent. Neither is repeated."""
    total = 0
    for service, key in keys.items():
        if not _SERVICE.fullmatch(service):
            raise Rejected("the name of a service that a key is for is not allowed")
        if not _KEY.fullmatch(key.reveal()):
            raise Rejected("a user's key holds characters that no header can carry, or has a wrong length")
        total += len(key.reveal())
    if total > MAX_KEYS_BYTES:
        raise Rejected(f"the users' keys of one start are longer than {MAX_KEYS_BYTES} bytes together")


def reveal_headers(credential: SunaCredential, keys: Mapping[str, SecretText]) -> dict[str, str]:
    """Return the headers that carry the secrets: for the one function that sends them."""
    headers: dict[str, str] = {}
    if credential.bearer is not None:
        headers["Authorization"] = f"Bearer {credential.bearer.reveal()}"
    if credential.api_key is not None:
        headers["X-API-Key"] = credential.api_key.reveal()
    headers.update({f"X-API-Key-{service}": key.reveal() for service, key in keys.items()})
    return headers


def hide_secrets(text: str, credential: SunaCredential, keys: Mapping[str, SecretText]) -> str:
    """Return a text of the service without our secrets: a service may quote what it was sent."""
    known = [secret.reveal() for secret in (credential.bearer, credential.api_key, *keys.values()) if secret]
    # The longest first: where one is the beginning of another its tail would stay.
    for value in sorted(known, key=len, reverse=True):
        text = text.replace(value, "***")
    return text
