"""Which Suna lives at an address, found out without side effects (suna-contract §7.2).

The list of routes tells it; where that is hidden, a GET on a route that takes only POST does: 405 where the
route is there, 404 where it is not. Nothing is ever sent that could make, start or change anything.
"""

from dataclasses import replace

from executions.agent_service import BadResponse, ResponseTooLarge
from executions.suna.address import parse_base_url
from executions.suna.connection import Connection
from executions.suna.credential import SunaCredential, check_credential, hide_secrets
from executions.suna.errors import build_error
from executions.suna.routes import (
    ACTIVE_RUNS,
    API_START,
    GUARDED,
    NO_SUNA,
    PROJECTS,
    RESULTS,
    REWRITTEN,
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

    Raises the port's errors where it cannot be asked: Unavailable, Throttled, RedirectRefused,
    CredentialRefused where every route is closed to this credential, Rejected for a base URL that is not one.
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
        probe = _Probe(connection=connection, deadline_s=call_deadline_s)
        answer = await probe.find_openapi()
        routes = read_routes(answer)
        if routes is not None:
            listed = judge_routes(routes)
            if listed.refused_because != NO_SUNA:
                return listed
        found = await probe.find_routes()
    if not found and probe.hindrance is not None:
        raise build_error(
            probe.hindrance, starting=False, hide=lambda text: hide_secrets(text, credential, {})
        )
    judged = judge_routes(Routes(paths=found), evidence=tuple(probe.evidence))
    if judged.refused_because != NO_SUNA:
        return judged
    return replace(judged, refused_because=_name_stranger(answer))


def _name_stranger(answer: Answer) -> str:
    """Say what answers in place of a Suna, from what it gave for the list of its routes."""
    if "cf-mitigated" in answer.headers:
        return GUARDED
    is_page = answer.headers.get("content-type", "").lstrip().lower().startswith("text/html")
    return WEB_SITE if is_page else NO_SUNA


class _Probe:
    """Asks for single routes and remembers what it saw.

    `hindrance` is the first answer met that keeps from seeing: a door that is closed, a limit, a 5xx.
    """

    def __init__(self, *, connection: Connection, deadline_s: float) -> None:
        self._connection = connection
        self._deadline_s = deadline_s
        self.evidence: list[str] = []
        self.hindrance: Answer | None = None

    async def find_openapi(self) -> Answer:
        """Return what is given for the list of routes; an empty one where that cannot be read."""
        try:
            answer = await self._get("/openapi.json")
        except (BadResponse, ResponseTooLarge) as error:
            answer = Answer(status=error.status_code or 0, headers={}, body=b"")
        self.evidence.append(f"GET /openapi.json: {answer.status}")
        return answer

    async def find_routes(self) -> frozenset[str]:
        """Return those of the telling routes that exist."""
        found: set[str] = set()
        tells_apart = False
        # A GET on these is a 405 and nothing else: they take POST only.
        for route in (V1_START, API_START, THREAD_START):
            answer = await self._look(route)
            tells_apart = tells_apart or answer.status == 404
            if answer.status == 405 and answer.is_json:
                found.add(route)
        if V1_START in found and self._is_there(await self._look(V1_RUN_STATUS)):
            found.add(V1_RUN_STATUS)
        if THREAD_START in found:
            for route in (RESULTS, THREADS):
                if self._is_there(await self._look(route)):
                    found.add(route)
        # Builds without it take `active` for a run's id here, and fail at it or do not find it.
        if THREAD_START in found and (await self._look(ACTIVE_RUNS)).is_success:
            found.add(ACTIVE_RUNS)
        if not found and tells_apart and self.hindrance is None:
            answer = await self._look(PROJECTS)
            # A web site answers with a page; the rewritten Suna is an API.
            if answer.status in {200, 401, 403} and answer.is_json:
                found.add(PROJECTS)
        return frozenset(found)

    async def _get(self, path: str) -> Answer:
        """GET one path; whatever answers is an answer, and no answer at all is the caller's error."""
        call = Call(method="GET", path=path)
        return await self._connection.exchange(call, deadline_s=self._deadline_s)

    async def _look(self, route: str) -> Answer:
        answer = await self._get(route.replace("{}", NOWHERE))
        self.evidence.append(f"GET {route}: {answer.status}")
        hinders = answer.status in {401, 429} or answer.status >= 500
        hinders = hinders or (answer.status == 403 and answer.is_json)
        if hinders and self.hindrance is None and route != PROJECTS:
            self.hindrance = answer
        return answer

    @staticmethod
    def _is_there(answer: Answer) -> bool:
        """Tell a route that is there from one that is not: FastAPI's own 404 has a body of its own."""
        if answer.status != 404:
            return answer.status < 500 or answer.is_json
        try:
            return answer.is_json and parse_object(answer.body).get("detail") != "Not Found"
        except BadResponse:
            return False
