"""Reading a retry policy."""

from teams.workflow.plan import RetryPolicy
from teams.workflow.shapes import Node

ATTEMPT_CODES = (
    "agent_failed",
    "timeout",
    "bad_output",
    "empty_result",
    "rejected",
    "run_vanished",
    "bad_response",
    "result_too_large",
    "stopped_by_suna",
    "payment_required",
    "denied",
    "suna_restarted",
    "crashed",
)
"""The codes an attempt may fail with, hence what `on` may name."""

MAX_ATTEMPTS = 10
MAX_COEFFICIENT = 100
"""With ten attempts the wait stays a finite number, which `max_interval` then cuts."""

_KEYS = ("max_attempts", "initial_interval", "backoff_coefficient", "max_interval", "on")
_UNSAID = RetryPolicy()


def read_retry(node: Node) -> RetryPolicy | None:
    """Return the policy, with the language's defaults for what it leaves out."""
    if not node.is_object(_KEYS, "A retry policy"):
        return None
    attempts = node.member("max_attempts")
    initial = node.member("initial_interval")
    coefficient = node.member("backoff_coefficient")
    longest = node.member("max_interval")
    max_attempts = attempts.integer(1, MAX_ATTEMPTS) if attempts else None
    initial_s = initial.duration() if initial else None
    backoff = coefficient.number(1, MAX_COEFFICIENT) if coefficient else None
    longest_s = longest.duration() if longest else None
    if initial_s and longest and longest_s and initial_s > longest_s:
        longest.refuse(
            "out_of_range",
            "max_interval is shorter than initial_interval. Make it at least as long.",
            reason="order",
            min=initial_s,
        )
    first_s = initial_s or _UNSAID.initial_interval_s
    return RetryPolicy(
        max_attempts=max_attempts or _UNSAID.max_attempts,
        initial_interval_s=min(first_s, longest_s) if longest_s and not initial_s else first_s,
        backoff_coefficient=backoff or _UNSAID.backoff_coefficient,
        # A first wait longer than the default maximum was asked for in so many words.
        max_interval_s=longest_s or max(_UNSAID.max_interval_s, first_s),
        on=_read_codes(node),
    )


def _read_codes(node: Node) -> tuple[str, ...]:
    listed = node.member("on")
    if listed is None or not listed.is_list():
        return _UNSAID.on
    codes = [code for item in listed.items() if (code := item.choice(ATTEMPT_CODES))]
    return tuple(dict.fromkeys(codes))
