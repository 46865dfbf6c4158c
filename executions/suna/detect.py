"""Which Suna lives at an address, found out without side effects (suna-contract §7.2).

The list of routes tells it; where that is hidden, a GET on a route that takes only POST does: 405 where the
route is there, 404 where it is not. Nothing is ever sent that could make, start or change anything.

What is found is stored. So a route counts as there or not only by what Suna itself says of it: a limit, an
error, a page in the place of one answer end the search without a verdict.
"""

import asyncio
from dataclasses import replace
from enum import StrEnum

from executions.agent_service import AgentServiceError, BadResponse, ResponseTooLarge, Unavailable
from executions.suna.address import parse_base_url
from executions.suna.connection import Connection
from executions.suna.credential import SunaCredential, check_credential, hide_secrets
from executions.suna.errors import NO_ROUTE, build_error
from executions.suna.routes import (
    ACTIVE_RUNS,
    GUARDED,
    NO_SUNA,
    PROJECTS,
    RESULTS,
    REWRITTEN,
    STARTS,
    THREAD_START,
    THREADS,
    V1_RUN_STATUS,
    V1_START,
    WEB_SITE,
    Detection,
    Routes,
    judge_routes,
    read_routes,
)
from executions.suna.transport import TransportName
from executions.suna.wire.call import Answer, Call
from executions.suna.wire.values import parse_object

__all__ = ["GUARDED", "NO_SUNA", "REWRITTEN", "WEB_SITE", "Detection", "detect_profile"]

NOWHERE = "00000000-0000-0000-0000-000000000000"
INTERNAL_ERROR = 500
ASKED_AGAIN_AFTER_S = 0.5
QUERIES = {THREADS: {"limit": "1"}}
"""Without a limit it lists up to a thousand threads (suna-contract §1.3)."""
MAX_OPENAPI_BYTES = 16 * 1024 * 1024


async def detect_profile(
    *,
    base_url: str,
    credential: SunaCredential,
    call_deadline_s: float = 15.0,
    transport: TransportName = "aiohttp",
    public_only: bool = False,
) -> Detection:
    """Find out which wire profile an address speaks; with `public_only` a public address alone is asked.

    Raises the port's errors where it cannot be asked: Unavailable (also where a stranger answers in a
    single route's place), Throttled, RedirectRefused, CredentialRefused where every route is closed to this
    credential, Rejected for a base URL that is not one.
    """
    url = parse_base_url(base_url)
    check_credential(credential)
    connection = Connection(
        base_url=url,
        credential=credential,
        transport=transport,
        max_connections=2,
        max_response_bytes=MAX_OPENAPI_BYTES,
        patience_s=call_deadline_s,
        public_only=public_only,
    )
    async with connection:
        probe = _Probe(connection=connection, credential=credential, deadline_s=call_deadline_s)
        answer = await probe.find_openapi()
        routes = read_routes(answer)
        if routes is not None:
            listed = judge_routes(routes)
            if listed.refused_because != NO_SUNA:
                return listed
        found = await probe.find_routes()
    if probe.hindrance is not None:
        raise _build_hindrance(probe.hindrance, credential)
    judged = judge_routes(Routes(paths=found), evidence=tuple(probe.evidence))
    if judged.refused_because != NO_SUNA:
        return judged
    return replace(judged, refused_because=_name_stranger(answer))


def _build_hindrance(answer: Answer, credential: SunaCredential) -> AgentServiceError:
    """Build the error of an answer that keeps from telling which Suna it is."""
    if answer.is_success or answer.status in (404, 405):
        words = "a page or a stranger's answer hides which Suna this is"
        return Unavailable(words, status_code=answer.status)
    return build_error(answer, starting=False, hide=lambda text: hide_secrets(text, credential, {}))


def _name_stranger(answer: Answer) -> str:
    """Say what answers in place of a Suna, from what it gave for the list of its routes."""
    if "cf-mitigated" in answer.headers:
        return GUARDED
    is_page = answer.headers.get("content-type", "").lstrip().lower().startswith("text/html")
    return WEB_SITE if is_page else NO_SUNA


class _Seen(StrEnum):
    """What a GET showed of a route. `UNCLEAR`: what answered is no word of a Suna about it."""

    THERE = "there"
    ABSENT = "absent"
    UNCLEAR = "unclear"


class _Probe:
    """Asks for single routes and remembers what it saw.

    `hindrance` is the first answer met that keeps from telling which Suna it is: then there is no verdict,
    for one that comes of a passing failure would be stored.
    """

    def __init__(self, *, connection: Connection, credential: SunaCredential, deadline_s: float) -> None:
        self._connection = connection
        self._credential = credential
        self._deadline_s = deadline_s
        self.evidence: list[str] = []
        self.hindrance: Answer | None = None

    async def find_openapi(self) -> Answer:
        """Return what is given for the list of routes; an empty one where that cannot be read.

        What may pass is asked once more, and raised where it stays.
        """
        answer = await self._get_openapi()
        if _may_pass(answer):
            await asyncio.sleep(ASKED_AGAIN_AFTER_S)
            answer = await self._get_openapi()
        if _may_pass(answer):
            raise _build_hindrance(answer, self._credential)
        return answer

    async def find_routes(self) -> frozenset[str]:
        """Return those of the telling routes that exist."""
        found: set[str] = set()
        unclear: list[Answer] = []
        tells_apart = False
        for route in STARTS:
            answer = await self._look(route)
            tells_apart = tells_apart or answer.status == 404
            # A GET on these is a 405 and nothing else: they take POST only.
            if answer.status == 405 and answer.is_json:
                found.add(route)
            elif _may_pass(answer):
                self._hinder(answer)
            elif answer.status == 401 or (answer.status == 403 and answer.is_json):
                unclear.append(answer)
        if not found and unclear:
            self._hinder(unclear[0])
        if V1_START in found:
            await self._tell(V1_RUN_STATUS, found)
        if THREAD_START in found:
            await self._tell(RESULTS, found)
            await self._tell(THREADS, found)
            # Builds without it take `active` for a run's id here, and fail at it or do not find it.
            answer = await self._look(ACTIVE_RUNS)
            if answer.is_success and answer.is_json:
                found.add(ACTIVE_RUNS)
            elif _may_pass(answer) and answer.status != INTERNAL_ERROR:
                self._hinder(answer)
        if not found and tells_apart and self.hindrance is None:
            answer = await self._look(PROJECTS)
            # A web site answers with a page; the rewritten Suna is an API.
            if answer.status in {200, 401, 403} and answer.is_json:
                found.add(PROJECTS)
        return frozenset(found)

    async def _get_openapi(self) -> Answer:
        try:
            answer = await self._get("/openapi.json")
        except (BadResponse, ResponseTooLarge) as error:
            answer = Answer(status=error.status_code or 0, headers={}, body=b"")
        self.evidence.append(f"GET /openapi.json: {answer.status}")
        return answer

    async def _get(self, path: str, query: dict[str, str] | None = None) -> Answer:
        """GET one path; whatever answers is an answer, and no answer at all is the caller's error."""
        call = Call(method="GET", path=path, query=query)
        return await self._connection.exchange(call, deadline_s=self._deadline_s)

    async def _look(self, route: str) -> Answer:
        answer = await self._get(route.replace("{}", NOWHERE), QUERIES.get(route))
        self.evidence.append(f"GET {route}: {answer.status}")
        return answer

    async def _tell(self, route: str, found: set[str]) -> None:
        """Put a route that tells versions apart among those found if it is there."""
        try:
            answer = await self._look(route)
        except ResponseTooLarge as error:
            self.evidence.append(f"GET {route}: {error.status_code}, too large")
            found.add(route)
            return
        seen = _judge(answer)
        if seen is _Seen.THERE:
            found.add(route)
        elif seen is _Seen.UNCLEAR:
            self._hinder(answer)

    def _hinder(self, answer: Answer) -> None:
        self.hindrance = self.hindrance or answer


def _may_pass(answer: Answer) -> bool:
    return answer.status == 429 or answer.status >= INTERNAL_ERROR


def _judge(answer: Answer) -> _Seen:
    """Tell a route that is there from one that is not: FastAPI's own 404 has a body of its own."""
    if answer.status == 405:
        return _Seen.ABSENT
    if not answer.is_json or not (answer.is_success or answer.status in (401, 403, 404, 422)):
        return _Seen.UNCLEAR
    if answer.status != 404:
        return _Seen.THERE
    try:
        detail = parse_object(answer.body).get("detail")
    except BadResponse:
        return _Seen.UNCLEAR
    if detail is None:
        return _Seen.UNCLEAR
    return _Seen.ABSENT if detail == NO_ROUTE else _Seen.THERE
