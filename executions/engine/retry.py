"""Whether and when an attempt is followed by another. The interval is exact: jitter is the shell's."""

from teams.workflow.plan import RetryPolicy

ABANDONED_WAIT_S = 10.0
ABANDONED_WAIT_AT_MOST_S = 300.0


def find_interval_s(policy: RetryPolicy, *, attempts_used: int, code: str) -> float | None:
    """Return the seconds until the next attempt, or None where the policy allows none.

    `attempts_used` counts the attempts that really ran, the failed one included; starts that never made a
    run are not among them.
    """
    if attempts_used >= policy.max_attempts or code not in policy.on:
        return None
    try:
        interval_s = policy.initial_interval_s * policy.backoff_coefficient ** max(attempts_used - 1, 0)
    except OverflowError:
        return policy.max_interval_s
    return min(interval_s, policy.max_interval_s)


def find_wait_s(abandoned: int) -> float:
    """Return the seconds until a step starts again whose starts led to no run `abandoned` times.

    0 after the first, which a lost request explains; then twice as long each time, up to minutes.
    """
    if abandoned < 2:
        return 0.0
    # Beyond the exponent the wait has been cut long ago.
    return min(ABANDONED_WAIT_S * 2.0 ** min(abandoned - 2, 10), ABANDONED_WAIT_AT_MOST_S)
