"""How often somebody may try a password: counted in Redis, by address and name, one atomic step a try."""

import hashlib
import math
import time
from typing import Any

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

SIGN_INS = 10
WINDOW_S = 60


class SignInThrottle(BaseThrottle):
    """Ten tries a minute for each address and name, right or wrong. Without Redis nobody signs in."""

    _wait_s: float = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count this try, then say whether it was one too many."""
        now = time.time()
        window = math.floor(now / WINDOW_S)
        username = request.data.get("username") if isinstance(request.data, dict) else None
        who = f"{self.get_ident(request)}\n{str(username).casefold()}"
        # What people type into a field for names may be a password.
        key = f"sign-in:{window}:{hashlib.sha256(who.encode('utf-8', 'replace')).hexdigest()}"
        cache.add(key, 0, timeout=2 * WINDOW_S)
        tries = cache.incr(key)
        self._wait_s = (window + 1) * WINDOW_S - now
        return tries <= SIGN_INS

    def wait(self) -> float:
        """Return the seconds until the next window."""
        return self._wait_s
