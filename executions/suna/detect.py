"""Which Suna lives at an address, found out without side effects (suna-contract §7.2).

The list of routes tells it; where that is hidden, a GET on a route that takes only POST does: 405 where the
route is there, 404 where it is not. Nothing is ever sent that could make, start or change anything.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from executions.agent_service import AgentServiceError, BadResponse
from executions.suna.address import parse_base_url
from executions.suna.connection import Connection
from executions.suna.credential import SunaCredential, check_credential, hide_secrets
from executions.suna.errors import build_error
from executions.suna.transport import TransportName
from executions.suna.wire import PROFILES
from executions.suna.wire.call import Answer, Call
from executions.suna.wire.values import find_object, parse_object

NOWHERE = "00000000-0000-0000-0000-000000000000"
MAX_OPENAPI_BYTES = 16 * 1024 * 1024
REWRITTEN = "this is the rewritten Suna (sessions instead of threads), which Renum does not speak yet"
NO_SUNA = "no Suna answers at this address"

_V1_START = "/v1/agent/start"
_V1_RUN_STATUS = "/v1/agent-runs/{}/status"
_API_START = "/api/agent/start"
_THREAD_START = "/api/thread/{}/agent/start"
_THREADS = "/api/threads"
_RESULTS = "/api/agent-run/{}/results"
_ACTIVE_RUNS = "/api/agent-runs/active"
_SESSIONS = "/v1/projects/{}/sessions"
_PROJECTS = "/v1/projects"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What was found. Either `profile` is one that is spoken, or `refused_because` says why there is none.

    `evidence` lists what it rests on, in the order in which it was seen. `lists_active_runs`: this build has
    the list of active runs, which came in the midst of a profile (suna-contract §1).
    """

    profile: str | None
    evidence: tuple[str, ...]
    refused_because: str | None = None
    lists_active_runs: bool = False


async def detect_profile(
    *,
    base_url: str,
    credential: SunaCredential,
    call_deadline_s: float = 15.0,
    transport: TransportName = "aiohttp",
    public_only: bool = False,
) -> Detection:
    """Find out which wire profile an address speaks; with `public_only` a public address alone is asked.

    Raises the port's errors where it cannot be asked: Unavailable, RedirectRefused, CredentialRefused where
    every route is closed to this credential, Rejected for a base URL that is not one.
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
        answer = await probe.get("/openapi.json")
        routes = _read_routes(answer)
        if routes:
            return judge_routes(routes)
        found = await probe.find_routes()
    if not found and probe.refusal is not None:
        raise build_error(probe.refusal, starting=False, hide=lambda text: hide_secrets(text, credential, {}))
    return judge_routes(found, evidence=(f"openapi.json: {answer.status}", *probe.evidence))


def judge_routes(routes: Collection[str], *, evidence: tuple[str, ...] = ()) -> Detection:
    """Return which version has these routes; the names of parameters are `{}` in them. Pure."""
    signs = (
        (_V1_START, _V1_RUN_STATUS, "2026-01"),
        (_V1_START, None, "2025-12"),
        (_API_START, None, "2025-10"),
        (_THREAD_START, _RESULTS, "seed"),
        (_THREAD_START, _THREADS, "2025-08"),
        (_THREAD_START, None, "2025-07"),
    )
    for first, second, version in signs:
        if first in routes and (second is None or second in routes):
            telling = (first, second, _ACTIVE_RUNS if _ACTIVE_RUNS in routes else None)
            seen = tuple(f"route {route}" for route in telling if route is not None)
            found = _judge_version(version, evidence or seen)
            return replace(found, lists_active_runs=found.profile is not None and _ACTIVE_RUNS in routes)
    if _SESSIONS in routes or _PROJECTS in routes:
        return Detection(
            profile=None, evidence=evidence or (f"route {_PROJECTS}",), refused_because=REWRITTEN
        )
    return Detection(profile=None, evidence=evidence or ("no known route",), refused_because=NO_SUNA)


def _judge_version(version: str, evidence: tuple[str, ...]) -> Detection:
    if version in PROFILES:
        return Detection(profile=version, evidence=evidence)
    reason = f"this is Suna {version}: known, but not spoken yet by Renum"
    return Detection(profile=None, evidence=evidence, refused_because=reason)


def _read_routes(answer: Answer) -> frozenset[str]:
    """Return the routes of an OpenAPI document, or none where the answer is not one."""
    if not answer.is_success:
        return frozenset()
    try:
        paths = find_object(parse_object(answer.body), "paths")
    except BadResponse:
        return frozenset()
    return frozenset(re.sub(r"\{[^}]*\}", "{}", path) for path in paths)


class _Probe:
    """Asks for single routes and remembers what it saw. `refusal` is the first 401 met."""

    def __init__(self, *, connection: Connection, deadline_s: float) -> None:
        self._connection = connection
        self._deadline_s = deadline_s
        self.evidence: list[str] = []
        self.refusal: Answer | None = None

    async def get(self, path: str) -> Answer:
        """GET one path; whatever answers is an answer, and no answer at all is the caller's error."""
        return await self._connection.exchange(Call(method="GET", path=path), deadline_s=self._deadline_s)

    async def find_routes(self) -> frozenset[str]:
        """Return those of the telling routes that exist."""
        found: set[str] = set()
        # A GET on these is a 405 and nothing else: they take POST only.
        for route in (_V1_START, _API_START, _THREAD_START):
            if (await self._look(route)).status == 405:
                found.add(route)
        if _V1_START in found and self._is_there(await self._look(_V1_RUN_STATUS)):
            found.add(_V1_RUN_STATUS)
        if _THREAD_START in found:
            for route in (_RESULTS, _THREADS):
                if self._is_there(await self._look(route)):
                    found.add(route)
        # Builds without it take `active` for a run's id here, and fail at it or do not find it.
        if _THREAD_START in found and (await self._look(_ACTIVE_RUNS)).is_success:
            found.add(_ACTIVE_RUNS)
        if not found and (await self._look(_PROJECTS)).status in {200, 401, 403} and self.refusal is None:
            found.add(_PROJECTS)
        return frozenset(found)

    async def _look(self, route: str) -> Answer:
        answer = await self.get(route.replace("{}", NOWHERE))
        self.evidence.append(f"GET {route}: {answer.status}")
        if answer.status == 401 and self.refusal is None and route != _PROJECTS:
            self.refusal = answer
        return answer

    @staticmethod
    def _is_there(answer: Answer) -> bool:
        """Tell a route that is there from one that is not: FastAPI's own 404 has a body of its own."""
        if answer.status != 404:
            return True
        try:
            return parse_object(answer.body).get("detail") != "Not Found"
        except AgentServiceError:
            return False
