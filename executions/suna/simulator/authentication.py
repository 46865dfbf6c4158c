"""Who may ask. The words of the refusals are those of b1 and b2.

An `X-API-Key` header, where a profile reads it, is the only thing that is tried; the stream alone may also
be opened with `?token=`.
"""

import re

from executions.suna.simulator.answers import Refusal
from executions.suna.simulator.call import Call

_API_KEY = re.compile(r"pk_[^:\s]+:sk_[^:\s]+")


class Authenticator:
    """Knows the credentials that are good. Without `tokens` any that is well formed is."""

    def __init__(self, *, tokens: tuple[str, ...], api_keys: bool) -> None:
        self._tokens = frozenset(tokens)
        self._api_keys = api_keys

    def check(self, call: Call, *, stream: bool = False) -> None:
        """Raise the 401 of the contract unless the caller may ask."""
        try:
            self._check_headers(call)
        except Refusal:
            if not stream or not self._is_known(call.query.get("token", "")):
                raise

    def _check_headers(self, call: Call) -> None:
        api_key = call.headers.get("x-api-key")
        if api_key is not None and self._api_keys:
            if not _API_KEY.fullmatch(api_key):
                raise _refused("Invalid API key format. Expected format: pk_xxx:sk_xxx")
            if not self._is_known(api_key):
                raise _refused("Invalid API key: API key not found")
            return
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _refused("No valid authentication credentials found")
        if not self._is_known(token.strip()):
            raise _refused("Invalid token")

    def _is_known(self, credential: str) -> bool:
        return bool(credential) and (not self._tokens or credential in self._tokens)


def _refused(detail: str) -> Refusal:
    return Refusal(401, detail, headers={"WWW-Authenticate": "Bearer"})
