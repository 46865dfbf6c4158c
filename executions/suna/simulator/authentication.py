"""Who may ask, and the words in which others are refused; both changed from version to version.

An `X-API-Key` header, where a version reads it, is the only thing that is tried; the stream alone may also
be opened with `?token=`. A bearer token is a JWT. Until the end of November 2025 nobody verified its
signature, so any JWT is good that looks right; anything else is good if it is on the list, or if there is
no list (suna-contract §1.2, §9).
"""

import re
from dataclasses import dataclass
from typing import Literal

from executions.suna.simulator.answers import Refusal
from executions.suna.simulator.call import Call
from executions.suna.simulator.clock import Clock
from executions.suna.simulator.jwt import claims_of, is_signed

_API_KEY = re.compile(r"pk_[^:\s]+:sk_[^:\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationRules:
    """What a version checks and says. The words are those of b1.

    `verifies` is what it looks at in a JWT: nothing but the subject, also the time it expires at, or also
    the signature. `stream` stands in for all words when a stream is refused.
    """

    reads_api_keys: bool = False
    verifies: Literal["subject", "expiry", "signature"] = "subject"
    malformed: str = "Invalid token"
    no_subject: str = "Invalid token payload"
    expired: str = "Invalid token"
    wrong_signature: str = "Invalid token"
    unknown_api_key: str = "Invalid API key: API key not found"
    stream: str | None = None
    private_thread: str = "Authentication required for private threads"


class Authenticator:
    """Knows the credentials that are good. Without `tokens` any that is well formed is.

    `jwt_secret` is what JWTs are signed with; without it, versions that verify signatures take only
    the JWTs that are on the list.
    """

    def __init__(
        self,
        rules: AuthenticationRules,
        *,
        tokens: tuple[str, ...],
        clock: Clock,
        jwt_secret: str | None = None,
    ) -> None:
        self._rules = rules
        self._tokens = frozenset(tokens)
        self._clock = clock
        self._jwt_secret = jwt_secret

    def check(self, call: Call, *, stream: bool = False) -> None:
        """Raise the 401 of the contract unless the caller may ask."""
        try:
            self._check_headers(call)
        except Refusal:
            if not stream:
                raise
            if self._fault_of_token(call.query.get("token", "")) is not None:
                if self._rules.stream is None:
                    raise
                raise _refused(self._rules.stream) from None

    def check_bearer_only(self, call: Call) -> None:
        """Raise 403 unless there is a good bearer token: whoever has only an API key is a stranger here."""
        token = _bearer(call)
        if token is None or self._fault_of_token(token) is not None:
            raise Refusal(403, self._rules.private_thread)

    def _check_headers(self, call: Call) -> None:
        api_key = call.headers.get("x-api-key")
        if api_key is not None and self._rules.reads_api_keys:
            if not _API_KEY.fullmatch(api_key):
                raise _refused("Invalid API key format. Expected format: pk_xxx:sk_xxx")
            if self._tokens and api_key not in self._tokens:
                raise _refused(self._rules.unknown_api_key)
            return
        token = _bearer(call)
        if token is None:
            raise _refused("No valid authentication credentials found")
        fault = self._fault_of_token(token)
        if fault is not None:
            raise _refused(fault)

    def _fault_of_token(self, token: str) -> str | None:
        rules = self._rules
        claims = claims_of(token)
        if claims is None:
            is_good = bool(token) and (not self._tokens or token in self._tokens)
            return None if is_good else rules.malformed
        if rules.verifies == "signature" and not self._is_verified(token):
            return rules.wrong_signature
        expires_at = claims.get("exp")
        if (
            rules.verifies != "subject"
            and isinstance(expires_at, int | float)
            and expires_at <= self._clock()
        ):
            return rules.expired
        return None if claims.get("sub") else rules.no_subject

    def _is_verified(self, token: str) -> bool:
        if self._jwt_secret is not None:
            return is_signed(token, secret=self._jwt_secret)
        return not self._tokens or token in self._tokens


def _bearer(call: Call) -> str | None:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _refused(detail: str) -> Refusal:
    return Refusal(401, detail, headers={"WWW-Authenticate": "Bearer"})
