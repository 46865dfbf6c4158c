"""From an answer that is no success to the port's error: by status and error code, never by a text."""

from collections.abc import Callable

from executions.agent_service import (
    AgentServiceError,
    BadResponse,
    CredentialRefused,
    Denied,
    NotFound,
    PaymentRequired,
    RedirectRefused,
    Rejected,
    StartUncertain,
    Throttled,
    Unavailable,
)
from executions.suna.retry_after import read_retry_after_s
from executions.suna.wire.call import Answer
from executions.suna.wire.values import Json, parse_object, short_text

RUN_LIMIT = "AGENT_RUN_LIMIT_EXCEEDED"
NO_CREDITS = "INSUFFICIENT_CREDITS"
MAX_DETAIL_CHARS = 500
_MAX_RUNS = 1_000_000


def build_error(answer: Answer, *, starting: bool, hide: Callable[[str], str]) -> AgentServiceError:
    """Build the error that an answer stands for. `hide` takes our secrets out of the service's own words.

    While a start is under way every 5xx, and the 408 of a server that goes on all the same, leaves open
    whether a run exists (reliability §0.4).
    """
    fields = _read_detail(answer)
    # Hidden before it is cut: half a secret would not be found.
    said = short_text(" ".join(hide(_read_message(fields)).split()), max_chars=MAX_DETAIL_CHARS)
    status = answer.status
    detail = f"{status}: {said}" if said else str(status)
    if status >= 500 or status == 408:
        kind = StartUncertain if starting else Unavailable
        return kind(detail, status_code=status)
    if status == 429 or (status == 402 and fields.get("error_code") == RUN_LIMIT):
        return Throttled(
            detail,
            status_code=status,
            retry_after_s=read_retry_after_s(answer.headers),
            limit=_read_count(fields.get("limit")),
            running=_read_count(fields.get("running_count")),
        )
    if status == 402:
        code = fields.get("error_code")
        return (PaymentRequired if code in (None, NO_CREDITS) else Denied)(detail, status_code=status)
    if 300 <= status < 400:
        return RedirectRefused(f"{status}: the service points to another address", status_code=status)
    return _BY_STATUS.get(status, Rejected)(detail, status_code=status)


_BY_STATUS: dict[int, type[AgentServiceError]] = {
    401: CredentialRefused,
    403: Denied,
    404: NotFound,
    # The route is there, but not for this method: it is another version of Suna than the profile says.
    405: BadResponse,
    # Nothing was done yet: the same request may be sent again.
    425: Unavailable,
}


def _read_detail(answer: Answer) -> dict[str, Json]:
    """Return what FastAPI puts under `detail`; a text becomes a message."""
    if not answer.is_json or answer.truncated:
        return {}
    try:
        body = parse_object(answer.body)
    except BadResponse:
        return {}
    detail = body.get("detail", body)
    if isinstance(detail, dict):
        return detail
    return {"message": detail} if isinstance(detail, str) else {"problems": detail}


def _read_message(fields: dict[str, Json]) -> str:
    """Return the service's own words, or where a 422 found what wrong; never the input that it repeats."""
    message = fields.get("message")
    if isinstance(message, str):
        return message
    problems = fields.get("problems")
    if not isinstance(problems, list):
        return ""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem.get('loc') or [])}: {problem.get('msg')}"
        for problem in problems[:5]
        if isinstance(problem, dict) and isinstance(problem.get("loc"), list)
    )


def _read_count(value: Json) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_RUNS
    return value if is_count else None
