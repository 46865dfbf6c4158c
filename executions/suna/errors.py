"""From an answer that is no success to the port's error: by status and error code, never by a text."""

import re
from collections.abc import Callable

from executions.agent_service import (
    AgentServiceError,
    BadResponse,
    ContractChanged,
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
NO_ROUTE = "Not Found"
"""FastAPI's word of a path that it does not know; Suna's own 404s name what is missing (§1.1)."""

_WRAPPED_402 = re.compile(r"\b402: \{.{0,2000}?'error_code': '([A-Z_]{1,100})'", re.DOTALL)
"""A 402 that Suna caught and wrote into the text of a 500, as Python prints it (suna-contract §1.3)."""


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
    wrapped_code = None if starting else _find_wrapped_402(fields, status=status)
    if wrapped_code is not None:
        status, fields = 402, {"error_code": wrapped_code}
    # What stands before Suna answers for it while it is away, and may have passed a start on.
    is_foreign = status in (404, 405) and not _is_from_suna(answer)
    if not is_foreign and (status == 405 or (status == 404 and fields.get("message") == NO_ROUTE)):
        return ContractChanged(f"{detail}: the route is not there any more", status_code=answer.status)
    if status >= 500 or status == 408 or is_foreign:
        kind = StartUncertain if starting else Unavailable
        return kind(detail, status_code=answer.status)
    if status == 429 or (status == 402 and fields.get("error_code") == RUN_LIMIT):
        return Throttled(
            detail,
            status_code=answer.status,
            retry_after_s=read_retry_after_s(answer.headers),
            limit=_read_count(fields.get("limit")),
            running=_read_count(fields.get("running_count")),
        )
    if status == 402:
        code = fields.get("error_code")
        return (PaymentRequired if code in (None, NO_CREDITS) else Denied)(detail, status_code=answer.status)
    if 300 <= status < 400:
        return RedirectRefused(f"{status}: the service points to another address", status_code=answer.status)
    return _BY_STATUS.get(status, Rejected)(detail, status_code=answer.status)


_BY_STATUS: dict[int, type[AgentServiceError]] = {
    401: CredentialRefused,
    403: Denied,
    404: NotFound,
    # Nothing was done yet: the same request may be sent again.
    425: Unavailable,
}


def _is_from_suna(answer: Answer) -> bool:
    """Tell Suna's own errors, which have something under `detail`, from those of what stands before it."""
    try:
        return answer.is_json and "detail" in parse_object(answer.body)
    except BadResponse:
        return False


def _find_wrapped_402(fields: dict[str, Json], *, status: int) -> str | None:
    message = fields.get("message")
    found = _WRAPPED_402.search(message) if status == 500 and isinstance(message, str) else None
    return found[1] if found is not None else None


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
