"""How often somebody may try a password, wherever they sign in: at the API, on the page, in the admin.

Two bounds, counted in Redis, each in one atomic step before the password is looked at (reliability §4, 6.2).
From one address one name may be tried a few times in a quarter of an hour. Beyond a few failures from
anywhere a name must also wait between tries, longer each time, up to half a minute: guessing from many
addresses is slow, and no stranger locks anybody out for good. Without Redis nobody signs in.
"""

import hashlib
from dataclasses import dataclass

from django.conf import settings
from django_redis import get_redis_connection

from teams.actions.refusal import Refusal

FREE_FAILURES = 10
"""From so many failures on, whatever their addresses, a name waits between tries."""
MOST_DELAY_S = 30
KNOWN_S = 30 * 24 * 3600
"""So long the address from which somebody signed in does not wait for what strangers do to the name."""
# 1: tries from here, 2: failures of the name, 3: the name waits, 4: somebody signed in from here, 5: the
# places from which the name is tried, so that they can be looked at and forgotten together.
# Returns milliseconds to wait, 0 for a try.
_TAKE = """
local tries = redis.call('INCR', KEYS[1])
if tries == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
redis.call('SADD', KEYS[5], KEYS[1])
redis.call('PEXPIRE', KEYS[5], ARGV[1])
if tries > tonumber(ARGV[2]) then return math.max(1, redis.call('PTTL', KEYS[1])) end
if redis.call('EXISTS', KEYS[4]) == 1 then return 0 end
local waiting = redis.call('PTTL', KEYS[3])
if waiting > 0 then
    redis.call('DECR', KEYS[1])
    return waiting
end
local failures = redis.call('INCR', KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
local beyond = failures - tonumber(ARGV[3])
if beyond > 0 then
    redis.call('SET', KEYS[3], '1', 'PX', math.min(2 ^ (beyond - 1), tonumber(ARGV[4])) * 1000)
end
return 0
"""


class TooManyTries(Refusal):
    """The name was tried too often; the password was not looked at."""

    code = "throttled"
    status = 429

    def __init__(self, *, wait_s: int) -> None:
        super().__init__(f"Too many tries. Wait {wait_s} seconds, then try again.")
        self.retry_after_s = wait_s


def take_try(*, username: str, address: str) -> None:
    """Count a try; raise TooManyTries where it must not be made. Raises RedisError without Redis."""
    names = _keys(username, address)
    limits = settings.API
    client = get_redis_connection("default")
    wait_ms = int(
        client.eval(
            _TAKE,
            len(names),
            *names,
            limits.sign_in_window_s * 1000,
            limits.sign_in_tries,
            FREE_FAILURES,
            MOST_DELAY_S,
        )
    )
    if wait_ms:
        raise TooManyTries(wait_s=-(-wait_ms // 1000))


def forget_tries(*, username: str, address: str) -> None:
    """Take in that somebody signed in: what they mistyped before counts no more."""
    tries, failures, waiting, known, _ = _keys(username, address)
    client = get_redis_connection("default")
    client.delete(tries, failures, waiting)
    client.set(known, "1", ex=KNOWN_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a name stands: failures in the window, seconds until its next try, addresses shut out."""

    failures: int
    wait_s: int
    closed_addresses: int


def find_standing(username: str) -> Standing:
    """Return how tries of the name stand now. Raises RedisError without Redis."""
    _, failures, waiting, _, places = _keys(username, "")
    client = get_redis_connection("default")
    tries = [int(client.get(place) or 0) for place in client.smembers(places)]
    return Standing(
        failures=int(client.get(failures) or 0),
        wait_s=max(0, -(-int(client.pttl(waiting)) // 1000)),
        closed_addresses=sum(1 for count in tries if count >= settings.API.sign_in_tries),
    )


def forget_all_tries(username: str) -> None:
    """Let the name be tried again at once, wherever from. Raises RedisError without Redis."""
    _, failures, waiting, _, places = _keys(username, "")
    client = get_redis_connection("default")
    client.delete(failures, waiting, places, *client.smembers(places))


def _keys(username: str, address: str) -> tuple[str, str, str, str, str]:
    # What people type into a field for names may be a password.
    name = hashlib.sha256(username.casefold().encode("utf-8", "replace")).hexdigest()
    here = hashlib.sha256(f"{address}\n{name}".encode()).hexdigest()
    return (
        f"renum:sign-in:here:{here}",
        f"renum:sign-in:name:{name}",
        f"renum:sign-in:wait:{name}",
        f"renum:sign-in:known:{here}",
        f"renum:sign-in:places:{name}",
    )
