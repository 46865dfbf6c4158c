"""One call and one answer as plain data: what to send, and what came back. No I/O and no headers here."""

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from executions.agent_service import MAX_ID_CHARS, Rejected
from executions.suna.wire.values import Json


class Patience(StrEnum):
    """Which total deadline a call gets.

    Suna makes a sandbox while it makes a thread, and some builds also while they start a run
    (suna-contract §1.3). A replay brings everything that a run ever streamed.
    """

    CALL = "call"
    START = "start"
    PREPARE = "prepare"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. At most one of `json` and `form` is set; `path` is encoded and begins with a slash.

    `replays`: the answer is an ended run's whole event stream, of which what nobody needs is shed on the way
    (see `replay`), so that the size cap counts only what is kept.
    """

    method: str
    path: str
    query: Mapping[str, str] | None = None
    json: Mapping[str, Json] | None = None
    form: Mapping[str, str] | None = None
    patience: Patience = Patience.CALL
    replays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `body` is decoded from its transfer and content encodings, not yet parsed.

    Header names are lower case. `truncated` is true where the body of an error was longer than we care for.
    Its repr shows the status only: a service may repeat the key that it was sent, and a repr ends in logs.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    truncated: bool = False

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def is_json(self) -> bool:
        """Whether the answer says that it is JSON."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind == "application/json" or kind.endswith("+json")


def quote_id(value: str, *, what: str) -> str:
    """Return an id as one path segment; Rejected where it cannot be one.

    A segment of dots only would be resolved away by URL code, and the call would reach another route.
    """
    if not value or len(value) > MAX_ID_CHARS or not value.strip("."):
        raise Rejected(f"{what} is empty, too long or made of dots only")
    check_sendable(value, what=what)
    return urllib.parse.quote(value, safe="")


def check_sendable(text: str, *, what: str) -> None:
    """Raise Rejected where a text cannot be sent: half a surrogate pair has no UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        problem = f"{what} holds half a character (a lone surrogate), which cannot be sent"
    else:
        return
    raise Rejected(problem)
