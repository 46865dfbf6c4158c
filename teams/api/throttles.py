"""How much of the API a token and its person may use in a minute, and what the answer says of it.

Each request counts once for its token and once for its person, by its kind. Redis counts both in one atomic
step and keeps the time; the framework's own throttles read first and write then, so that parallel requests
pass together. Without Redis nobody is throttled: what a flood could do is bounded elsewhere, and signing in
has a limit of its own (`teams.actions.sign_in_limit`) that closes instead.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from teams.api.authentication import token_of
from teams.models import User

logger = logging.getLogger(__name__)

MINUTE_S = 60
PERSON_TIMES = 2
"""A person with all tokens and sessions may do so many times what one token may."""
AFTER_FAULT_S = 5.0
"""So long after a fault Redis is not asked again by this process: each request would wait for it."""
# The window begins with its first request, and Redis ends it: no clock of ours is asked.
_COUNT = """
local told = {}
for n, key in ipairs(KEYS) do
    local count = redis.call('INCR', key)
    if count == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
    told[n] = {count, redis.call('PTTL', key)}
end
return told
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How one limit stands after this request was counted."""

    limit: int
    count: int
    reset_s: int

    @property
    def remaining(self) -> int:
        """How many more are allowed in this window."""
        return max(0, self.limit - self.count)

    @property
    def is_exceeded(self) -> bool:
        """Whether this request was one too many."""
        return self.count > self.limit

    def headers(self) -> dict[str, str]:
        """Return it as clients know it (draft-ietf-httpapi-ratelimit-headers-06, December 2022).

        Later drafts put all into one structured field, which hardly any client reads yet.
        """
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
        }


class PersonThrottle(BaseThrottle):
    """The limits of whoever is signed in, for a request of the kind that `kind_of` says."""

    _asleep_until: ClassVar[float] = 0.0
    _rate: Rate | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count this request, then say whether it was one too many; the tighter limit is told."""
        if not isinstance(request.user, User):
            return True
        kind = kind_of(request.method or "", view)
        token = token_of(request)
        limits = _limit_of_person(request.user, kind)
        if token is not None:
            limits[f"renum:rate:{kind}:token:{token.digest[:32]}"] = _per_minute(kind)
        rates = self.count(limits)
        if rates:
            self._rate = min(rates, key=lambda rate: (not rate.is_exceeded, rate.remaining))
            request.rate = self._rate  # type: ignore[attr-defined]
        return self._rate is None or not self._rate.is_exceeded

    def wait(self) -> float | None:
        """Return the seconds until the limit's next window."""
        return None if self._rate is None else float(self._rate.reset_s)

    @staticmethod
    def count(limits: dict[str, int]) -> list[Rate]:
        """Count one more under each key; return how each limit stands, nothing where Redis is away."""
        if time.monotonic() < PersonThrottle._asleep_until:
            return []
        try:
            # The connection of the shared context: it does not wait for a Redis that does not answer.
            client = get_redis_connection("context")
            told = client.eval(_COUNT, len(limits), *limits, MINUTE_S * 1000)
        except RedisError as error:
            logger.warning("requests are not counted: %s", type(error).__name__)
            PersonThrottle._asleep_until = time.monotonic() + AFTER_FAULT_S
            return []
        return list(_rates(limits.values(), told))


def count_on_page(user: User, kind: str) -> Rate | None:
    """Count what a person does on a page, together with what they do at the API; None where nobody counts."""
    rates = PersonThrottle.count(_limit_of_person(user, kind))
    return rates[0] if rates else None


def kind_of(method: str, view: Any) -> str:
    """Return what a request counts as: reads, writes, starts or key_changes."""
    usual = "reads" if method in SAFE_METHODS else "writes"
    return str(getattr(view, "throttle_kinds", {}).get(method, usual))


def _limit_of_person(user: User, kind: str) -> dict[str, int]:
    return {f"renum:rate:{kind}:user:{user.pk}": _per_minute(kind) * PERSON_TIMES}


def _per_minute(kind: str) -> int:
    limit: int = getattr(settings.API, f"{kind}_per_minute")
    return limit


def _rates(limits: Iterable[int], told: Iterable[tuple[int, int]]) -> Iterable[Rate]:
    for limit, (count, left_ms) in zip(limits, told, strict=True):
        yield Rate(limit=limit, count=int(count), reset_s=max(1, -(-int(left_ms) // 1000)))
