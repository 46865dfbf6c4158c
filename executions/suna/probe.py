"""What works at a Suna with one credential, found out by GETs alone, which change nothing.

Calls name a run and a thread that nobody has. So "not found" is the good answer: the route is there, and the
credential was let through to it.
"""

import asyncio
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from executions.agent_service import AgentServiceError
from executions.suna.address import parse_base_url
from executions.suna.connection import Connection
from executions.suna.credential import SunaCredential, check_credential
from executions.suna.detect import NOWHERE
from executions.suna.jwt_expiry import has_expired
from executions.suna.said_time import SaidTime as SaidTime
from executions.suna.said_time import read_said_time
from executions.suna.transport import TransportName
from executions.suna.wire import PROFILES, Capabilities, WireProfile
from executions.suna.wire.call import Answer, Call
from executions.suna.wire.values import Json, parse_object, short_text

MAX_BYTES = 8 * 1024 * 1024
ASKED_FOR_LATENCY = 3


class Seen(StrEnum):
    """What one call showed.

    `WORKS`: it was answered, or what it names is not there. `REFUSED`: 401. `DENIED`: 403. `ABSENT`: there
    is no such route. `FAILS`: any other error. `SILENT`: no answer that can be read. `NOT_ASKED`: this
    version has no such call.
    """

    WORKS = "works"
    REFUSED = "refused"
    DENIED = "denied"
    ABSENT = "absent"
    FAILS = "fails"
    SILENT = "silent"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What was found. `latency_s` is the median of three calls; None where none was answered.

    `account_id` is whose agents they are, as far as the catalogue tells. `jwt_expired`: by the service's own
    clock the JWT has run out, so that it opens nothing any more.
    """

    run: Seen
    agents: Seen
    thread_runs: Seen
    result: Seen
    active_runs: Seen
    latency_s: float | None
    said_time: SaidTime | None
    account_id: str | None
    jwt_expired: bool = False


async def probe_suna(
    *,
    base_url: str,
    credential: SunaCredential,
    profile: str,
    capabilities: Capabilities,
    call_deadline_s: float = 10.0,
    transport: TransportName = "aiohttp",
    public_only: bool = False,
) -> Probed:
    """Ask for everything that a team needs. A call that fails is a finding and no error.

    Raises Rejected and CredentialRefused for an address or a credential that cannot be used at all.
    """
    url = parse_base_url(base_url)
    check_credential(credential)
    connection = Connection(
        base_url=url,
        credential=credential,
        transport=transport,
        max_connections=2,
        max_response_bytes=MAX_BYTES,
        patience_s=call_deadline_s,
        public_only=public_only,
    )
    async with connection:
        asking = _Asking(connection, deadline_s=call_deadline_s)
        wire = PROFILES[profile]
        run = Seen.SILENT
        for _ in range(ASKED_FOR_LATENCY):
            run = await asking.look(lambda: wire.get_run(run_id=NOWHERE), timed=True)
            if run is Seen.SILENT:
                # Each further one would take as long to say the same.
                break
        return Probed(
            run=run,
            agents=await asking.look(lambda: wire.list_agents(page=1), keep=True),
            thread_runs=await asking.look(lambda: wire.list_runs(place=NOWHERE)),
            result=await asking.look(lambda: wire.get_result(run_id=NOWHERE, place=NOWHERE)),
            active_runs=await _look_for_active(asking, wire, capabilities),
            latency_s=statistics.median(asking.took_s) if asking.took_s else None,
            said_time=asking.said_time,
            account_id=read_account(asking.kept),
            jwt_expired=has_expired(credential.bearer, service_time=connection.service_time),
        )


async def answers_with_page(*, base_url: str, call_deadline_s: float, public_only: bool) -> bool:
    """Tell whether a web page stands where a Suna lists its routes. Nothing secret is sent."""
    connection = Connection(
        base_url=parse_base_url(base_url),
        credential=SunaCredential(),
        transport="aiohttp",
        max_connections=1,
        max_response_bytes=MAX_BYTES,
        patience_s=call_deadline_s,
        public_only=public_only,
    )
    async with connection:
        call = Call(method="GET", path="/openapi.json")
        try:
            answer = await connection.exchange(call, deadline_s=call_deadline_s)
        except AgentServiceError:
            return False
    return answer.is_success and _is_page(answer)


async def _look_for_active(asking: "_Asking", wire: WireProfile, capabilities: Capabilities) -> Seen:
    if not capabilities.lists_active_runs:
        return Seen.NOT_ASKED
    return await asking.look(wire.list_active_runs)


class _Asking:
    """Sends the calls, and keeps how long they took and what the service's clock said."""

    def __init__(self, connection: Connection, *, deadline_s: float) -> None:
        self._connection = connection
        self._deadline_s = deadline_s
        self.took_s: list[float] = []
        self.said_time: SaidTime | None = None
        self.kept: bytes = b""

    async def look(self, build: Callable[[], Call], *, timed: bool = False, keep: bool = False) -> Seen:
        """Send one call and judge its answer."""
        call = build()
        if call.method != "GET":
            return Seen.NOT_ASKED
        now = asyncio.get_running_loop().time
        began = now()
        try:
            answer = await self._connection.exchange(call, deadline_s=self._deadline_s)
        except AgentServiceError:
            return Seen.SILENT
        if timed:
            self.took_s.append(now() - began)
        self.said_time = read_said_time(answer.headers, heard_at=now()) or self.said_time
        if keep and answer.is_success:
            self.kept = answer.body
        return judge(answer)


def judge(answer: Answer) -> Seen:
    """Return what an answer shows. FastAPI's own 404 and 405 mean that there is no such route."""
    if answer.is_success:
        # What stands before a Suna may answer everything with a page of its own.
        return Seen.FAILS if _is_page(answer) else Seen.WORKS
    if answer.status == 404:
        return Seen.ABSENT if _detail(answer) in (None, "Not Found") else Seen.WORKS
    known = {401: Seen.REFUSED, 403: Seen.DENIED, 405: Seen.ABSENT}
    return known.get(answer.status, Seen.FAILS)


def _is_page(answer: Answer) -> bool:
    return answer.headers.get("content-type", "").strip().lower().startswith("text/html")


def read_account(agents: bytes) -> str | None:
    """Return whose the first agent of a catalogue's page is, None where it does not say."""
    try:
        rows = parse_object(agents).get("agents")
    except AgentServiceError:
        return None
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and (account := short_text(row.get("account_id"), max_chars=128)):
            return account
    return None


def _detail(answer: Answer) -> Json:
    try:
        return parse_object(answer.body).get("detail")
    except AgentServiceError:
        return None
