"""How often a person may invite: each invitation may send a stranger a mail.

Counted in Redis in one atomic step, by person, and by team and whoever is invited to it: nobody can use up
what others may send to an address. Without Redis nobody is counted:
how many invitations of a team are open at once is bounded in the database anyway.
"""

import hashlib
import logging

from django_redis import get_redis_connection
from redis.exceptions import RedisError

from teams.actions.refusal import Refusal
from teams.models import Team, User

logger = logging.getLogger(__name__)

WINDOW_S = 3600
PER_PERSON = 100
PER_ADDRESS = 5
"""So many invitations one person may make in a window, and so often one address may be invited to a team."""
# Returns milliseconds to wait, 0 where both are below their bounds; then both are counted.
_TAKE = """
for n, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[n + 1]) then
        return math.max(1, redis.call('PTTL', key))
    end
end
for _, key in ipairs(KEYS) do
    if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
end
return 0
"""


class InvitedTooOften(Refusal):
    """The person invited too many in a while, or this one too often; nothing was written."""

    code = "throttled"
    status = 429

    def __init__(self, *, wait_s: int) -> None:
        super().__init__(f"Too many invitations. Wait {wait_s} seconds, then try again.")
        self.retry_after_s = wait_s


def take_invitation(*, team: Team, by: User, address: str) -> None:
    """Count an invitation; raise InvitedTooOften where it must not be made."""
    invited = hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()[:32]
    keys = (f"renum:invite:by:{by.pk}", f"renum:invite:to:{team.pk}:{invited}")
    try:
        client = get_redis_connection("context")
        wait_ms = int(client.eval(_TAKE, len(keys), *keys, WINDOW_S * 1000, PER_PERSON, PER_ADDRESS))
    except RedisError as error:
        logger.warning("invitations are not counted: %s", type(error).__name__)
        return
    if wait_ms:
        raise InvitedTooOften(wait_s=-(-wait_ms // 1000))
