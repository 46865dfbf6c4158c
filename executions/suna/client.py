"""The port, spoken to Suna: which calls make one operation, and which error of the port each failure is.

What a call looks like is the wire profile's, how it travels the connection's. Nothing is decided here.
"""

import contextlib
import dataclasses
import types
from collections.abc import Callable, Collection, Mapping
from functools import partial

from executions.agent_service import (
    AgentService,
    AgentServiceError,
    AgentView,
    BadResponse,
    CredentialRefused,
    Denied,
    HintsOffered,
    LiveSource,
    NotFound,
    Rejected,
    ResponseTooLarge,
    RunRequest,
    RunResult,
    RunView,
    ServiceTraits,
    StartUncertain,
    ToolServer,
    Unavailable,
    Urgency,
)
from executions.live_output import LiveEvent
from executions.suna.address import may_carry_keys, parse_base_url
from executions.suna.attach_tools import attach_tools
from executions.suna.before_start import BeforeStart
from executions.suna.connection import Connection
from executions.suna.credential import SunaCredential, check_credential, check_user_keys, hide_secrets
from executions.suna.errors import build_error
from executions.suna.explain_start import AGENT_MISSING, FORBIDDEN, INTERNAL_ERROR, StartExplained
from executions.suna.find_mark import find_mark
from executions.suna.jwt_expiry import has_expired
from executions.suna.list_every_agent import list_every_agent
from executions.suna.live_stream import follow_rows, follow_stream
from executions.suna.read_result import read_result
from executions.suna.streams import Streams
from executions.suna.traits import build_traits
from executions.suna.transport import TransportName
from executions.suna.wire import PROFILES, Capabilities, WireProfile
from executions.suna.wire.call import Answer, Call, Patience
from executions.suna.wire.learned import read_learned
from executions.suna.wire.runs import RunRow
from executions.suna.wire.values import Json

JWT_REFUSED = (
    "Suna shows the run and not what it left behind: the connection's JWT has run out or is another's"
)
MIB = 1024 * 1024


def open_client(
    *,
    base_url: str,
    profile: str,
    credential: SunaCredential,
    sends_user_keys: bool,
    learned: Mapping[str, Json] = types.MappingProxyType({}),
    call_deadline_s: float = 30.0,
    start_deadline_s: float = 60.0,
    prepare_deadline_s: float = 120.0,
    max_response_bytes: int = 8 * MIB,
    transport: TransportName = "aiohttp",
    max_connections: int = 32,
    allowed_plain_hosts: Collection[str] = (),
    public_only: bool = False,
) -> "SunaClient":
    """Open a client to one Suna; no connection is made yet. It belongs to the event loop that first uses it.

    At most `max_connections` calls are under way at once, beside any number of streams; the others wait for
    their turn, the more urgent first. A deadline counts from a call's turn, and that wait has no limit;
    cancelling ends it. A start alone counts its wait: after `start_deadline_s` in all it was sent and lost,
    or it never will be.

    `learned` is what detection found of this build, beyond what its profile promises.
    `sends_user_keys` is the connection's consent to send users' own keys with a start;
    `allowed_plain_hosts` are the hosts beside this machine to which they may go without TLS. With
    `public_only` nothing is sent to an address that is not public, whatever the host's name leads to by
    then. Raises Rejected for a base URL or a profile that cannot be spoken, CredentialRefused for a
    credential that no header can carry.
    """
    if profile not in PROFILES:
        raise Rejected(f"the wire profile {profile!r} is not spoken")
    url = parse_base_url(base_url)
    check_credential(credential)
    deadlines_s = {
        Patience.CALL: call_deadline_s,
        Patience.START: start_deadline_s,
        Patience.PREPARE: prepare_deadline_s,
        Patience.REPLAY: 2 * call_deadline_s,
    }
    connection = Connection(
        base_url=url,
        credential=credential,
        transport=transport,
        max_connections=max_connections,
        max_response_bytes=max_response_bytes,
        patience_s=max(deadlines_s.values()),
        public_only=public_only,
    )
    return SunaClient(
        connection=connection,
        streams=Streams(base_url=url, credential=credential, public_only=public_only),
        profile=PROFILES[profile],
        capabilities=read_learned(PROFILES[profile], learned),
        credential=credential,
        sends_user_keys=sends_user_keys,
        keys_may_travel=may_carry_keys(url, allowed_plain_hosts=allowed_plain_hosts),
        deadlines_s=deadlines_s,
    )


class SunaClient(AgentService):
    """One connection to one Suna, in one wire profile. Make it with `open_client`."""

    def __init__(
        self,
        *,
        connection: Connection,
        streams: Streams,
        profile: WireProfile,
        capabilities: Capabilities,
        credential: SunaCredential,
        sends_user_keys: bool,
        keys_may_travel: bool,
        deadlines_s: dict[Patience, float],
    ) -> None:
        self._connection = connection
        self._streams = streams
        self._profile = profile
        self._capabilities = capabilities
        self._credential = credential
        self._sends_user_keys = sends_user_keys
        self._keys_may_travel = keys_may_travel
        self._deadlines_s = deadlines_s
        self._before_start = BeforeStart(
            capabilities=capabilities,
            has_jwt=credential.bearer is not None,
            get_agent=self.get_agent,
            jwt_has_expired=lambda: has_expired(credential.bearer, service_time=connection.service_time),
        )
        self._explain = StartExplained(
            agents_have_uuids=capabilities.agents_have_uuids,
            list_runs=self.list_runs,
            get_agent=self.get_agent,
            list_agents=self.list_agents,
        )

    @property
    def capabilities(self) -> Capabilities:
        """What this Suna can do."""
        return self._capabilities

    @property
    def hints(self) -> HintsOffered:
        """Suna's event stream where reading it changes nothing, and the list of active runs."""
        return HintsOffered(
            by_watching=self._capabilities.streams_safely, by_list=self._capabilities.lists_active_runs
        )

    @property
    def traits(self) -> ServiceTraits:
        """How this version behaves where versions differ."""
        return build_traits(self._capabilities)

    @property
    def start_deadline_s(self) -> float:
        """How long a start may take in all, its wait for a turn included: the grace counts from it."""
        return self._deadlines_s[Patience.START]

    async def prepare_run(self, request: RunRequest) -> str | None:
        """Make a thread and put the prompt there, where the profile wants it there.

        Only the thread waits as something new: what has begun is brought to its start.
        """
        making = self._profile.make_place(request)
        if making is None:
            return None
        await self._before_start.check(request.agent_id)
        place = self._profile.read_place((await self._ask(making, urgency=request.urgency)).body)
        prompt = self._profile.put_prompt(request, place=place)
        if prompt is not None:
            await self._ask(prompt, urgency=Urgency.NEXT)
        return place

    async def add_prompt(self, request: RunRequest, *, place: str) -> None:
        """Put a further prompt into a thread, where the profile wants it there and it is not there yet."""
        prompt = self._profile.put_prompt(request, place=place)
        if prompt is None:
            return
        # Whoever put it there may have died before it could say so. The rows are the thread's, not a run's.
        rows = await self._ask(self._profile.get_result(run_id="-", place=place), urgency=Urgency.NEXT)
        if not self._profile.holds_prompt(rows.body, prompt=request.prompt):
            await self._ask(prompt, urgency=Urgency.NEXT)

    async def start_run(self, request: RunRequest, *, place: str | None) -> RunView:
        """Start the run in its thread, with the user's keys where this connection sends them.

        Where the start itself makes the thread it has the time that making one takes.
        """
        call = self._profile.start(request, place=place)
        deadline_s = self._deadlines_s[call.patience]
        keys = request.user_keys if self._sends_user_keys else {}
        if keys:
            check_user_keys(keys)
            if not self._keys_may_travel:
                raise Rejected("users' keys are sent over https only, save to listed hosts")
        uncertain: AgentServiceError
        spent_s = await self._before_start.check_within(request.agent_id, within_s=self.start_deadline_s / 4)
        try:
            # The grace of a start in doubt counts from before it is sent (design §5): a start that came to
            # its turn after that grace would be a second one. It needs half of its time to be answered.
            answer = await self._connection.exchange(
                call,
                deadline_s=deadline_s - spent_s,
                # Also of a new execution: its thread is there, and the grace of its start begins to run.
                urgency=Urgency.NEXT,
                user_keys=keys,
                waits_at_most_s=(self.start_deadline_s - spent_s) / 2,
            )
            if answer.is_success:
                return self._profile.read_start(answer.body, place=place)
        except Unavailable as problem:
            if not problem.sent:
                raise
            uncertain = problem
        except (BadResponse, ResponseTooLarge) as problem:
            uncertain = problem
        else:
            error = build_error(
                answer, starting=True, hide=lambda text: hide_secrets(text, self._credential, keys)
            )
            if isinstance(error, NotFound):
                error = await self._explain.missing(error, place=place)
            elif answer.status == INTERNAL_ERROR:
                error = await self._explain.failure(error, agent_id=request.agent_id, place=place)
            raise error
        raise StartUncertain(uncertain.detail, status_code=uncertain.status_code)

    async def list_runs(self, place: str) -> tuple[RunView, ...]:
        """Return the runs of a thread, newest first."""
        return tuple(self._without_secrets(row.view) for row in await self._list_run_rows(place))

    async def get_run(self, run_id: str, *, urgency: Urgency = Urgency.POLL) -> RunView:
        """Return one run."""
        answer = await self._ask(self._profile.get_run(run_id=run_id), urgency=urgency)
        return self._without_secrets(self._profile.read_run(answer.body, run_id=run_id))

    async def watch_run(self, run_id: str, *, heard: Callable[[int], None]) -> bool:
        """Read a run's event stream to the hint of its end. The stream takes no turn of the calls."""
        outcome = await self._streams.watch(
            self._profile.watch_run(run_id=run_id), deadline_s=self._deadlines_s[Patience.CALL], heard=heard
        )
        if isinstance(outcome, Answer):
            self._check(outcome)
            raise BadResponse("the answer is not a stream of events", status_code=outcome.status)
        return outcome

    async def follow_live(self, run_id: str, *, place: str | None, tell: Callable[[LiveEvent], None]) -> None:
        """Tell what a run does: by its stream where reading that is safe, else by the rows of its thread."""
        if self._capabilities.live is LiveSource.STREAM:
            call = self._profile.watch_run(run_id=run_id)
            deadline_s = self._deadlines_s[Patience.CALL]
            refusal = await follow_stream(self._streams, call, deadline_s=deadline_s, tell=tell)
            if refusal is not None:
                self._check(refusal)
                raise BadResponse("the answer is not a stream of events", status_code=refusal.status)
        elif self._capabilities.live is LiveSource.ROWS and place is not None:
            rows = self._profile.get_result(run_id=run_id, place=place)

            async def read() -> bytes:
                return (await self._ask(rows)).body

            await follow_rows(
                read=read, list_runs=lambda: self._list_run_rows(place), run_id=run_id, tell=tell
            )
        else:
            raise Rejected("this Suna does not tell what a run does while it does it")

    async def list_active_runs(self) -> frozenset[str]:
        """Return the runs under way of the whole account."""
        answer = await self._ask(self._profile.list_active_runs(), urgency=Urgency.FINISH)
        return self._profile.read_active_runs(answer.body)

    async def get_result(self, run_id: str, *, place: str | None) -> RunResult:
        """Return what an ended run left behind; the thread is looked up where it is not given."""
        place = place or await self._find_place(run_id)
        result = await read_result(
            self._profile,
            run_id=run_id,
            place=place,
            ask=partial(self._ask_for_result, run_id=run_id),
            list_rows=partial(self._list_run_rows, place),
            may_replay=self._capabilities.streams_safely,
        )
        return dataclasses.replace(result, error=self._hide(result.error))

    async def _ask_for_result(self, call: Call, *, run_id: str) -> Answer:
        """Send a call for what a run left behind; CredentialRefused where the JWT is not let through.

        Some versions take whoever has no good JWT for a stranger there, and let an API key do all else
        (suna-contract §1.2). So where the run itself is shown and this is not, the JWT is at fault.
        """
        try:
            return await self._ask(call, urgency=Urgency.FINISH)
        except Denied as error:
            denied = error
        if self._credential.bearer is not None:
            with contextlib.suppress(Denied, NotFound, BadResponse):
                await self.get_run(run_id, urgency=Urgency.FINISH)
                raise CredentialRefused(JWT_REFUSED, status_code=FORBIDDEN)
        raise denied

    async def mark_whole_answer(self, run_id: str, *, place: str | None, is_over: bool) -> str | None:
        """Return a mark of the thread's rows, or of the replay, where the run has answered in full."""
        place = place or await self._find_place(run_id)
        return await find_mark(
            self._profile,
            run_id=run_id,
            place=place,
            ask=self._ask,
            list_rows=partial(self._list_run_rows, place),
            # The stream of a run that is not over does not close.
            may_replay=is_over and self._capabilities.streams_safely,
        )

    async def stop_run(self, run_id: str) -> None:
        """Ask Suna to stop a run. Suna does so unconditionally: an ended run becomes `stopped` too."""
        await self._ask(self._profile.stop_run(run_id=run_id), urgency=Urgency.STOP)

    async def list_agents(self) -> tuple[AgentView, ...]:
        """Return every agent of every page, each once."""
        return await list_every_agent(self._profile, ask=self._ask)

    async def get_agent(self, agent_id: str) -> AgentView:
        """Return one agent; NotFound where Suna does not know it."""
        return self._profile.read_agent(await self._read_agent(agent_id))

    async def attach_tools(self, agent_id: str, server: ToolServer) -> tuple[str, ...]:
        """Give an agent the tool server; return what else of it Suna changed. Raises NotFound."""
        return await attach_tools(
            server,
            read=partial(self._read_agent, agent_id),
            change=lambda changes: self._ask(self._profile.edit_agent(agent_id=agent_id, changes=changes)),
        )

    async def aclose(self) -> None:
        """Close the connections and the streams."""
        await self._streams.aclose()
        await self._connection.aclose()

    async def _read_agent(self, agent_id: str) -> bytes:
        answer = await self._exchange(self._profile.get_agent(agent_id=agent_id))
        if self._profile.is_missing_agent(answer) or (
            answer.status == INTERNAL_ERROR and await self._explain.is_missing(agent_id)
        ):
            raise NotFound(AGENT_MISSING, status_code=answer.status)
        self._check(answer)
        return answer.body

    async def _find_place(self, run_id: str) -> str:
        place = (await self.get_run(run_id, urgency=Urgency.FINISH)).place
        if place is None:
            raise BadResponse("the run does not say in which thread it is")
        return place

    async def _list_run_rows(self, place: str) -> tuple[RunRow, ...]:
        # Asked about a start in doubt, which holds up its step, or to tell a result from others.
        answer = await self._ask(self._profile.list_runs(place=place), urgency=Urgency.NEXT)
        return self._profile.read_runs(answer.body, place=place)

    async def _ask(self, call: Call, *, urgency: Urgency = Urgency.POLL) -> Answer:
        """Send a call that starts nothing and return its answer, which is a success."""
        answer = await self._exchange(call, urgency=urgency)
        self._check(answer)
        return answer

    async def _exchange(self, call: Call, *, urgency: Urgency = Urgency.POLL) -> Answer:
        deadline_s = self._deadlines_s[call.patience]
        return await self._connection.exchange(call, deadline_s=deadline_s, urgency=urgency)

    def _check(self, answer: Answer) -> None:
        if not answer.is_success:
            raise build_error(answer, starting=False, hide=lambda text: self._hide(text) or "")

    def _without_secrets(self, view: RunView) -> RunView:
        return dataclasses.replace(view, error=self._hide(view.error)) if view.error else view

    def _hide(self, text: str | None) -> str | None:
        return hide_secrets(text, self._credential, {}) if text else text
