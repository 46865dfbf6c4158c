"""The API's limits as one frozen value, read once."""

from dataclasses import dataclass

from renum_site.env import Env


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """How much of the API one may use. Times are seconds.

    An Idempotency-Key counts for `idempotency_hours`. A body must have come within `body_s`, and of one
    process so many `bodies` may be on their way at once; more are refused. A request may ask to wait for an
    end up to `wait_max_s`; of one process `waiting` may do so at once, and more are answered at once. A token
    may make so many requests of each kind in any minute, and its person, with all tokens and sessions, twice
    as many. Of one name `sign_in_tries` may fail from one address before it must
    wait, up to `sign_in_window_s`.
    """

    idempotency_hours: float
    body_s: float
    bodies: int
    wait_max_s: int
    waiting: int
    reads_per_minute: int
    writes_per_minute: int
    starts_per_minute: int
    key_changes_per_minute: int
    sign_in_tries: int
    sign_in_window_s: int


def read_api_settings(env: Env) -> ApiSettings:
    """Read them; raise EnvError where one is wrong."""
    return ApiSettings(
        idempotency_hours=env.seconds("RENUM_IDEMPOTENCY_HOURS", default=24, low=0, high=24 * 365),
        body_s=env.seconds("RENUM_BODY_S", default=30, low=0.1, high=3600),
        bodies=env.whole("RENUM_BODIES_AT_ONCE", default=500, low=1, high=10_000),
        wait_max_s=env.whole("RENUM_WAIT_MAX_S", default=60, low=1, high=600),
        waiting=env.whole("RENUM_WAITING", default=500, low=0, high=10_000),
        reads_per_minute=env.whole("RENUM_READS_PER_MINUTE", default=1200, low=1, high=10_000_000),
        writes_per_minute=env.whole("RENUM_WRITES_PER_MINUTE", default=300, low=1, high=10_000_000),
        starts_per_minute=env.whole("RENUM_STARTS_PER_MINUTE", default=600, low=1, high=10_000_000),
        key_changes_per_minute=env.whole("RENUM_KEY_CHANGES_PER_MINUTE", default=30, low=1, high=10_000_000),
        sign_in_tries=env.whole("RENUM_SIGN_IN_TRIES", default=5, low=1, high=10_000),
        sign_in_window_s=env.whole("RENUM_SIGN_IN_WINDOW_S", default=900, low=1, high=86_400),
    )
