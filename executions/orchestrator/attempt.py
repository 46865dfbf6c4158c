"""One attempt at one step: its thread, its start, and the finding of a start in doubt.

No agent is started twice: the thread is committed before the start, each start follows a commit of its
time, and a start in doubt is looked up by its thread, adopted where it is found, and given up only when the
grace is over and the list is still empty. What an attempt waits for, it says on the step.
"""

import asyncio
import datetime as dt
import logging
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from executions.agent_service import (
    AgentService,
    AgentServiceError,
    CredentialRefused,
    NotFound,
    PaymentRequired,
    ResultExpired,
    RunRequest,
    RunResult,
    RunView,
    SecretText,
    StartUncertain,
    Throttled,
    Urgency,
)
from executions.engine.state import STEP_TERMINAL, AgentRunStatus, Reason, StepStatus
from executions.orchestrator.database_calls import in_any_thread
from executions.orchestrator.find_start import (
    MENDED_BY_OWNER,
    NOTHING_STARTED,
    hear_start,
    look_up_lost_start,
    look_up_start,
)
from executions.orchestrator.follow import follow_run
from executions.orchestrator.outcomes import Broken, Outcome, PutBack, Stopped
from executions.orchestrator.patience import Patience
from executions.orchestrator.questions import find_prompt
from executions.orchestrator.run_keys import KeysRefused, find_run_keys, read_keys_to_hide
from executions.orchestrator.scrub import scrub_outcome
from executions.orchestrator.team_server import find_run_token, with_server_note
from executions.orchestrator.tracked import RunRecord
from executions.orchestrator.watch_run import Watch
from teams.models.uuid7 import new_id
from teams.workflow.plan import Json, PlanStep

if TYPE_CHECKING:
    from executions.orchestrator.advance import Advance

logger = logging.getLogger(__name__)

FENCE_WAIT_S = 0.5
# So many threads that Suna made and then does not find are enough.
THREADS_AT_MOST = 3


class _NothingSent(Exception):
    """Between commit and start the lease became unsure, or the connection another: nothing was sent."""


class Attempt:
    """One attempt. `run` is None until its thread exists; an adopted attempt begins with its row."""

    def __init__(
        self, owner: "Advance", *, step: PlanStep, number: int, prompt: str, run: RunRecord | None
    ) -> None:
        self.owner = owner
        self.step = step
        self.number = number
        self.run = run
        self.stopping = asyncio.Event()
        self.decided = asyncio.Event()
        self.watch: Watch | None = None
        self.decision_until: dt.datetime | None = None
        """Set while nothing but a person's decision is awaited: the moment when that wait is over."""
        self._prompt = prompt
        self._model_name = step.model_name or (run.model_name if run is not None else "") or None
        self._run_id = run.id if run is not None else new_id()
        self._token: SecretText | None = None
        self._sent_keys: tuple[SecretText, ...] | None = None
        self._stored_keys: tuple[SecretText, ...] | None = None
        if run is not None:
            run.prompt = prompt

    @property
    def service(self) -> AgentService:
        """The connection as it stands now: its owner may mend it while the attempt waits."""
        return self.owner.service

    async def carry_out(self) -> Outcome:
        """Carry the attempt from wherever its row says it is to its end.

        No text of the outcome holds a key that went along with the start.
        """
        outcome = await self._carry_out()
        return scrub_outcome(outcome, await self.find_secrets())

    async def find_secrets(self) -> Sequence[SecretText]:
        """Return the keys that the run was started with; read again where another driver started it.

        A further turn may hold what an earlier one was sent, too.
        """
        run = self.run
        is_started = run is not None and run.suna_run_id is not None
        is_known = self._sent_keys is not None and run is not None and run.turn == 1
        if is_started and not is_known and self._stored_keys is None:
            self._stored_keys = await in_any_thread(read_keys_to_hide, self.owner.tracked.execution)
        token = await self._find_token()
        return (*(self._sent_keys or ()), *(self._stored_keys or ()), *((token,) if token else ()))

    async def _find_token(self) -> SecretText | None:
        connection_id = self.owner.tracked.connection.id
        return await find_run_token(self.step, connection_id=connection_id, run_id=self._run_id)

    async def _carry_out(self) -> Outcome:
        try:
            if self.run is not None and self.run.is_doubtful and self.run.status is AgentRunStatus.CREATED:
                ended = await look_up_lost_start(self, self.run)
            elif self.run is None or self._is_unsent(self.run):
                ended = await self._start()
            elif self.run.suna_run_id is None:
                ended = await look_up_start(self, self.run)
            else:
                ended = None
            if ended is not None or self.run is None:
                return ended or self.nothing_to_stop()
            return await follow_run(self, self.run)
        except KeysRefused as error:
            return self.broken(error.code, params=error.params)
        except ResultExpired as error:
            return self.broken("run_vanished", params={"because": error.code})
        except AgentServiceError as error:
            return self.broken(_FAILURE_CODES.get(error.code, error.code), error.detail)

    def _is_unsent(self, run: RunRecord) -> bool:
        """Whether it is known that the run's start was never sent."""
        return run.status is AgentRunStatus.CREATED or self.owner.open_starts.is_unsent(run.id)

    async def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until somebody asks to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return

    async def wait_out(self, error: AgentServiceError, *, saying: Reason | None = None) -> None:
        """Say on the step why the attempt waits; take the connection anew where that may help."""
        await self.owner.say_waiting(self.step.id, saying or waiting_reason(error))
        if isinstance(error, MENDED_BY_OWNER):
            await self.owner.renew_service()
        if isinstance(error, CredentialRefused):
            # Nobody else need start what would be refused; what runs is asked for all the same.
            self.owner.starts.refused(self.step.id, error)

    def broken(
        self,
        code: str,
        message: str = "",
        *,
        params: Mapping[str, Json] | None = None,
        run_status: AgentRunStatus = AgentRunStatus.FAILED,
        result: RunResult | None = None,
        text: str | None = None,
        is_final: bool = False,
    ) -> Broken:
        """Return the outcome of an attempt that failed with `code`."""
        return Broken(
            step_id=self.step.id,
            run=self.run,
            code=code,
            message=message,
            params=params or {},
            run_status=run_status,
            result=result,
            text=text,
            is_final=is_final,
        )

    def hear_change(self) -> None:
        """Take in that the connection is another than it was."""
        if self.watch is not None:
            self.watch.begin_anew()
        if self.run is not None:
            self.owner.live.begin_anew(self.run.id)

    def hear_decision(self, run_id: uuid.UUID, decision: str) -> None:
        """Take in what a person decided of a start of which Suna cannot tell what became of it."""
        if self.run is not None and self.run.id == run_id:
            self.run.start_decision = decision
            self.decided.set()

    async def _start(self) -> Outcome | None:
        patience = Patience()
        lost_threads = 0
        while not self.stopping.is_set():
            if not self.owner.may_start():
                await self.sleep(FENCE_WAIT_S)
                continue
            # What was taken away meanwhile, an address, a credential or a consent, counts no more.
            await self.owner.renew_service()
            try:
                run = await self._unless_stopped(self._prepare())
                return self.nothing_to_stop() if run is None else await self._send_start(run)
            except NotFound as error:
                # The thread is gone and nothing runs in it: the same attempt gets a new one.
                if self.run is not None:
                    self._leave_place(self.run)
                lost_threads += 1
                if lost_threads >= THREADS_AT_MOST:
                    return self.broken("bad_response", error.detail)
                # Nobody else need wait for this start.
                self.owner.starts.unsure(self.step.id)
                await self.wait_out(error, saying=Reason(code="service_bad_response"))
                await self.sleep(patience.next())
            except _NothingSent:
                continue
            except NOTHING_STARTED as error:
                self.owner.starts.refused(self.step.id, error)
                if self.owner.starts.is_own_fault(self.step.id):
                    return self.broken("rejected", error.detail)
                return self.put_back(error)
            except PaymentRequired as error:
                was_known = self.owner.starts.is_paused_for(error.code)
                self.owner.starts.refused(self.step.id, error)
                if was_known:
                    return self.put_back(error)
                raise
        return self.nothing_to_stop()

    def _leave_place(self, run: RunRecord) -> None:
        """Give the run's place up; in a new one its agent has to be told what was said in the old one."""
        run.thread_id, run.before = None, frozenset()
        if run.turn > 1:
            self._prompt = run.prompt = find_prompt(self.owner.tracked, self.step.id, run)

    def nothing_to_stop(self) -> Stopped:
        """Return the outcome of an attempt that was to stop before there was a run."""
        return Stopped(
            step_id=self.step.id, run=self.run, run_status=AgentRunStatus.ABANDONED, message="not started"
        )

    def put_back(self, error: AgentServiceError) -> PutBack:
        """Return the outcome of a start that surely made no run and waits for the error to pass."""
        return PutBack(step_id=self.step.id, run=self.run, reason=waiting_reason(error))

    async def _prepare(self) -> RunRecord:
        """Return the attempt's run with a thread that holds the prompt, made now where there is none.

        Where only a start makes a thread, the run has none yet; one that another version made counts for
        nothing there.
        """
        service, run = self.service, self.run
        await self._find_model(service)
        self._token = await self._find_token()
        if run is not None and run.thread_id is not None and not service.traits.makes_places:
            self._leave_place(run)
        if run is not None and run.thread_id is not None:
            # The version that made the thread may have had no prompt in it before the start, unlike this.
            if run.before or run.prepared_by is not service:
                await service.add_prompt(self._request(), place=run.thread_id)
                run.prepared_by = service
            run.model_name = self._model_name or ""
            return run
        thread_id = await service.prepare_run(self._request())
        run = run or RunRecord(
            id=self._run_id,
            step_id=self.step.id,
            attempt=self.number,
            agent_id=self.step.agent_id,
            model_name=self._model_name or "",
            prompt=self._prompt,
        )
        run.thread_id, run.model_name = thread_id, self._model_name or ""
        run.prepared_by = service
        return run

    async def _find_model(self, service: AgentService) -> None:
        """Find the agent's own model, where the step names none and the service would take another."""
        if self._model_name is None and service.traits.wants_model:
            connection = self.owner.tracked.connection
            self._model_name = await self.owner.models.find(
                connection.id, self.step.agent_id, service=service
            )

    async def _unless_stopped(self, preparing: Coroutine[Any, Any, RunRecord]) -> RunRecord | None:
        """Return what is prepared, or None as soon as somebody asks to stop.

        Making a thread may take Suna minutes, and neither a deadline nor a cancel may wait for it. What is
        left behind is a thread in which nothing was started.
        """
        prepared, stopped = asyncio.create_task(preparing), asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({prepared, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return prepared.result() if prepared.done() else None
        finally:
            prepared.cancel()
            stopped.cancel()
            await asyncio.gather(prepared, stopped, return_exceptions=True)

    async def _send_start(self, run: RunRecord) -> Outcome | None:
        keys = await find_run_keys(self.owner.tracked, self.step, now=self.owner.now())
        run.status, run.start_requested = AgentRunStatus.STARTING, True
        run.api_key_type = keys.api_key_type
        self._sent_keys = tuple(keys.values.values())
        self.run = run
        can_be_found = run.thread_id is not None
        if not can_be_found:
            self.owner.open_starts.announce(run.id, of=self.owner.tracked.id)
        committed = await self.owner.commit_run(run, kind="start_requested")
        run.start_requested_at = committed.at
        # To prepare it may have taken minutes: whoever changed the connection meanwhile is heard.
        await self.owner.renew_service()
        if self.stopping.is_set() or committed.cancel_requested:
            return self.nothing_to_stop()
        if not self.owner.may_start():
            # The commit took longer than the lease is sure for. Nothing was sent; whoever holds the execution
            # next finds the request's time and looks the start up.
            raise _NothingSent
        if run.prepared_by is not self.service:
            # Another one by now, for which the place may not be ready.
            raise _NothingSent
        call = self.service.start_run(self._request(keys.values), place=run.thread_id)
        if not can_be_found:
            return await hear_start(self, run, self.owner.open_starts.send(run.id, call))
        try:
            view = await call
        except StartUncertain:
            self.owner.starts.unsure(self.step.id)
            return await look_up_start(self, run)
        await self.adopt(run, view, kind="step_running")
        return None

    async def adopt(self, run: RunRecord, view: RunView, *, kind: str) -> None:
        """Take a run of the service for this attempt's, and commit that."""
        self.owner.starts.started(self.step.id)
        run.suna_run_id, run.status = view.run_id, AgentRunStatus.RUNNING
        run.thread_id = run.thread_id or view.place
        self.owner.mark_step(self.step.id, StepStatus.RUNNING, None)
        committed = await self.owner.commit_run(run, kind=kind)
        run.started_at = committed.at

    def _request(self, keys: Mapping[str, SecretText] | None = None) -> RunRequest:
        return RunRequest(
            agent_id=self.step.agent_id,
            prompt=with_server_note(self._prompt, self._token),
            model_name=self._model_name,
            user_keys=keys or {},
            urgency=self._urgency(),
        )

    def _urgency(self) -> Urgency:
        """Return how urgent a start is: what has begun goes before what is new."""
        steps = self.owner.tracked.state.steps.values()
        has_begun = any(step.status in STEP_TERMINAL for step in steps)
        return Urgency.NEXT if has_begun else Urgency.NEW


_FAILURE_CODES = {"not_found": "run_vanished"}


def waiting_reason(error: AgentServiceError) -> Reason:
    """Return why an attempt waits, as the step shall say it."""
    params: dict[str, object] = {}
    if isinstance(error, Throttled):
        params = {
            name: value
            for name, value in (("limit", error.limit), ("running", error.running))
            if value is not None
        }
    return Reason(code=f"service_{error.code}", params=params)
