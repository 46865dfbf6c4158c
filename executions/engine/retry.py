"""Whether and when a failed attempt is followed by another. The interval is exact: jitter is the shell's."""

from teams.workflow.plan import RetryPolicy


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
