"""Advancing one execution: ask the engine, commit its decisions, carry out the attempts, take in their ends.

One coroutine per execution, fed by its attempts through an inbox. Everything that one turn brings (an
attempt's end and what follows from it) is committed together.
"""

import asyncio
import datetime as dt
import uuid

from executions.agent_service import AgentService
from executions.context.store import read_context
from executions.engine.decide import find_next_moment
from executions.engine.decisions import Decision, FinishExecution
from executions.engine.ending import decide_ending
from executions.engine.state import EXECUTION_TERMINAL, STEP_ACTIVE, AgentRunStatus, Reason, StepStatus
from executions.engine.transitions import mark
from executions.models import ExecutionStep
from executions.orchestrator.agent_models import AgentModels
from executions.orchestrator.attempt import Attempt
from executions.orchestrator.changes import Changes, Committed, Event
from executions.orchestrator.database_calls import in_any_thread
from executions.orchestrator.hints import Hints
from executions.orchestrator.holder import Holder
from executions.orchestrator.live_runs import LiveRuns
from executions.orchestrator.mailbox import read_mailbox
from executions.orchestrator.obey import Obeyed, obey
from executions.orchestrator.open_starts import OpenStarts
from executions.orchestrator.outcomes import Outcome
from executions.orchestrator.purse import Purse
from executions.orchestrator.questions import close_questions, find_prompt, list_waiting, read_closed
from executions.orchestrator.starts import Starts
from executions.orchestrator.take_in import end_parked, take_closed_questions, take_in
from executions.orchestrator.team_mailing import close_requests
from executions.orchestrator.tracked import RunRecord, Tracked
from executions.orchestrator.wishes import heed_wishes, rests
from teams.workflow.plan import Json

LONGEST_WAIT_S = 30.0


class Advance:
    """One execution under way. `run` ends when it is over or at rest, or raises when it is lost."""

    def __init__(self, holder: Holder, tracked: Tracked, service: AgentService) -> None:
        self.tracked = tracked
        self.service = service
        self._holder = holder
        self._inbox: asyncio.Queue[Outcome | None] = asyncio.Queue()
        self._attempts: dict[str, Attempt] = {}
        self._works: dict[str, asyncio.Task[None]] = {}
        self.rests_until: dt.datetime | None = None
        """Of one at rest: when a decision about a start is waited for no longer."""
        self._heard_at = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._is_outdated = False
        self.starts = Starts(holder.gate_of(tracked.connection), tracked, wake=self.wake)
        self._purse = Purse(holder.budgets, tracked, self.starts)

    def wake(self, *, cancel_requested: bool = False) -> None:
        """Have the execution look at itself again, at once."""
        if cancel_requested and not self.tracked.state.cancel_requested:
            self.tracked.request_cancel()
        self._inbox.put_nowait(None)

    def hear_wishes(self, *, cancel_requested: bool, pause_requested: bool, at: dt.datetime) -> None:
        """Take in what people wish as of `at`, PostgreSQL's time.

        Of pausing and going on an older word than the last is ignored; a cancel is never taken back.
        """
        if cancel_requested and not self.tracked.state.cancel_requested:
            self.wake(cancel_requested=True)
        if at < self._heard_at:
            return
        self._heard_at = at
        if pause_requested is not self.tracked.state.paused:
            self.tracked.want_paused(paused=pause_requested)
            self.wake()

    def hear_change(self) -> None:
        """Take in that the connection is another than it was: nothing more is asked of what it was."""
        self._is_outdated = True
        self.wake()

    async def run(self) -> None:
        """Advance until the execution is over, or paused with nothing in flight."""
        self.tracked.answers_in_place = self.service.traits.answers_in_place
        try:
            async with asyncio.TaskGroup() as group:
                await self._adopt(group)
                ended: list[Outcome] = []
                while True:
                    await self._take_turn(group, ended)
                    self._holder.settled(self.tracked.id)
                    if self.tracked.state.status in EXECUTION_TERMINAL:
                        return
                    if self._waits_for_decisions_only() and rests(self.tracked, now=self.now()):
                        self._put_down()
                        return
                    ended = await self._wait()
        finally:
            self.starts.forget()

    def hear_decision(self, step_id: str, run_id: uuid.UUID, decision: str) -> None:
        """Take in what a person decided of a start that cannot be looked up."""
        attempt = self._attempts.get(step_id)
        if attempt is not None:
            attempt.hear_decision(run_id, decision)

    @property
    def hints(self) -> Hints:
        """What tells that runs may be over."""
        return self._holder.hints

    @property
    def live(self) -> LiveRuns:
        """What is shown of runs while they go on."""
        return self._holder.live

    @property
    def models(self) -> AgentModels:
        """What is known of agents' models."""
        return self._holder.models

    @property
    def open_starts(self) -> OpenStarts:
        """The starts under way that nobody could look up."""
        return self._holder.open_starts

    def may_start(self) -> bool:
        """Whether an attempt may send a start now."""
        return self._holder.may_start()

    def now(self) -> dt.datetime:
        """Return PostgreSQL's time."""
        return self._holder.now()

    async def renew_service(self) -> None:
        """Take the connection as it stands now: its owner may have changed it, or it was detected anew.

        Whose keys go along, and what is billed, is said by the row that the client is made of.
        """
        connection = self.tracked.connection
        current = await self._holder.read_connection(connection.id)
        is_another = current.client is not self.service
        self.service = current.client
        for name, value in current.columns.items():
            setattr(connection, name, value)
        if is_another:
            for attempt in self._attempts.values():
                attempt.hear_change()
        self.tracked.answers_in_place = self.service.traits.answers_in_place

    async def look_again(self) -> None:
        """Find out anew which version of the service it is, if nobody just did, and take it as it is."""
        await self._holder.look_again(self.tracked.connection)
        await self.renew_service()

    def mark_step(self, step_id: str, status: StepStatus, reason: Reason | None) -> bool:
        """Note where a step's attempt stands, unless the step was stopped; return whether that is news."""
        step = self.tracked.state.steps[step_id]
        if step.status not in STEP_ACTIVE or (step.status is status and step.reason == reason):
            return False
        self.tracked.state = mark(self.tracked.state, step_id, status, reason)
        return True

    async def commit_run(self, run: RunRecord, *, kind: str) -> Committed:
        """Commit a run's row and its step's, with one event."""
        changes = self._new_changes()
        data = {"attempt": run.attempt, "thread": run.thread_id, "run": run.suna_run_id}
        changes.events.append(Event(kind=kind, step_id=run.step_id, data=data))
        changes.runs[run.id] = self.tracked.run_values(run)
        changes.steps[self.tracked.extras[run.step_id].row_id] = self.tracked.step_values(run.step_id)
        return await self._commit(changes)

    async def say_waiting(self, step_id: str, reason: Reason | None) -> None:
        """Put onto the step what its attempt waits for, or None; nothing happens if it is said already."""
        step = self.tracked.state.steps[step_id]
        if not self.mark_step(step_id, step.status, reason):
            return
        changes = self._new_changes()
        code = reason.code if reason else None
        params = dict(reason.params) if reason else {}
        changes.events.append(
            Event(
                kind="step_waiting" if reason else "step_goes_on",
                step_id=step_id,
                data={"code": code, **params},
            )
        )
        changes.steps[self.tracked.extras[step_id].row_id] = self.tracked.step_values(step_id)
        await self._commit(changes)

    async def _take_turn(self, group: asyncio.TaskGroup, ended: list[Outcome]) -> None:
        """Take in what ended and decide what follows, in one commit; then stop and start what it says."""
        if self._is_outdated:
            self._is_outdated = False
            await self.renew_service()
        changes, obeyed = self._new_changes(), Obeyed()
        await self._read_mailbox()
        self._take_ended(ended, changes, obeyed)
        if ended and await self._holder.budgets.exist():
            # What it cost must count before budgets are asked for more.
            changes = await self._commit_ended(changes, obeyed)
        waiting = list_waiting(self.tracked.state)
        if waiting:
            closed = await in_any_thread(read_closed, self.tracked, now=self.now())
            take_closed_questions(self.tracked, closed, changes, now=self.now())
            for decision in decide_ending(self.tracked.plan, self.tracked.state):
                obey(self.tracked, decision, changes, obeyed, now=self.now())
        await self._refresh_context(changes)
        close_requests(self.tracked, changes, due_at=self.now())
        heed_wishes(self.tracked, changes, now=self.now())
        for decision in await self._decide(changes, obeyed):
            # Everything is decided, but the execution is over only when every run in Suna is.
            if isinstance(decision, FinishExecution) and self._attempts:
                continue
            obey(self.tracked, decision, changes, obeyed, now=self.now())
        for step_id in obeyed.stops:
            self._stop(step_id, changes)
        end_parked(self.tracked, changes)
        close_questions(self.tracked, waiting, changes)
        changes.events += self.starts.discovered
        self.starts.discovered.clear()
        if changes.events:
            await self._commit(changes)
        for start in obeyed.starts:
            parked = self.tracked.runs.pop(start.step_id, None)
            self._spawn(group, start.step_id, prompt=start.prompt, run=parked)

    def _take_ended(self, ended: list[Outcome], changes: Changes, obeyed: Obeyed) -> None:
        for outcome in ended:
            self._attempts.pop(_step_of(outcome), None)
            self.starts.give_back(_step_of(outcome))
            take_in(self.tracked, outcome, changes, now=self.now())
            # A failure that ends the execution ends it before the next attempt is looked at.
            for decision in decide_ending(self.tracked.plan, self.tracked.state):
                obey(self.tracked, decision, changes, obeyed, now=self.now())

    async def _commit_ended(self, changes: Changes, obeyed: Obeyed) -> Changes:
        """Commit what ended, with the stops that follow from it; return the changes of what comes next."""
        await self._refresh_context(changes)
        for step_id in obeyed.stops:
            self._stop(step_id, changes)
        obeyed.stops.clear()
        end_parked(self.tracked, changes)
        close_questions(self.tracked, (), changes)
        await self._commit(changes)
        await self._read_mailbox()
        return self._new_changes()

    async def _decide(self, changes: Changes, obeyed: Obeyed) -> tuple[Decision, ...]:
        """Return what should happen next, within the budgets; what ends the execution for them is obeyed."""
        allowed = await self._purse.decide(now=self.now())
        changes.reservations += allowed.reservations
        if not allowed.ends:
            return allowed.decisions
        for decision in allowed.decisions:
            obey(self.tracked, decision, changes, obeyed, now=self.now())
        return self.starts.decide(now=self.now())

    def _stop(self, step_id: str, changes: Changes) -> None:
        attempt = self._attempts.get(step_id)
        if attempt is None:
            return
        if attempt.run is not None:
            attempt.run.stop_requested = True
            changes.runs[attempt.run.id] = self.tracked.run_values(attempt.run)
        attempt.stopping.set()

    def _spawn(
        self, group: asyncio.TaskGroup, step_id: str, *, prompt: str, run: RunRecord | None
    ) -> Attempt:
        attempt = Attempt(
            self,
            step=self.tracked.plan.step(step_id),
            number=run.attempt if run else self.tracked.state.steps[step_id].attempts,
            prompt=prompt,
            run=run,
        )
        self._attempts[step_id] = attempt
        work = self._holder.charge(self.tracked.id, self._carry_out(attempt))
        self._works[step_id] = group.create_task(work, name=f"{self.tracked.id} {step_id}")
        return attempt

    def _waits_for_decisions_only(self) -> bool:
        """Whether no attempt is under way but such as wait for a person to decide of their start."""
        return all(
            attempt.decision_until is not None
            and not attempt.stopping.is_set()
            and not attempt.decided.is_set()
            for attempt in self._attempts.values()
        )

    def _put_down(self) -> None:
        """Leave the attempts that wait for decisions: whoever takes it up finds them in the rows."""
        waits = [attempt.decision_until for attempt in self._attempts.values()]
        self.rests_until = min((until for until in waits if until is not None), default=None)
        for step_id in self._attempts:
            self._works[step_id].cancel()

    async def _carry_out(self, attempt: Attempt) -> None:
        self._inbox.put_nowait(await attempt.carry_out())

    async def _adopt(self, group: asyncio.TaskGroup) -> None:
        """Take up what an earlier driver left: open runs, and steps whose thread was never committed."""
        state = self.tracked.state
        active = [step_id for step_id, step in state.steps.items() if step.status in STEP_ACTIVE]
        for step_id in sorted({*active, *self.tracked.runs}):
            if state.steps[step_id].status is StepStatus.WAITING_INPUT:
                # Nothing of it is under way: its place in Suna and the answer are in the rows.
                continue
            extras = self.tracked.extras[step_id]
            extras.original = await in_any_thread(_read_input, extras.row_id)
            prompt = find_prompt(self.tracked, step_id, self.tracked.runs.get(step_id))
            if self._is_parked(step_id):
                self.tracked.runs[step_id].prompt = prompt
                continue
            self.starts.take(step_id)
            run = self.tracked.runs.pop(step_id, None)
            attempt = self._spawn(group, step_id, prompt=prompt, run=run)
            if step_id not in active:
                attempt.stopping.set()

    def _is_parked(self, step_id: str) -> bool:
        """Whether the step's run has its thread and waits for its start."""
        run = self.tracked.runs.get(step_id)
        return (
            run is not None
            and run.status is AgentRunStatus.CREATED
            and self.tracked.state.steps[step_id].status is StepStatus.READY
        )

    async def _read_mailbox(self) -> None:
        if self.tracked.talks:
            self.tracked.mailbox = await in_any_thread(read_mailbox, self.tracked.id)
            # People and agents write the context between two commits of ours.
            self.tracked.context_version = max(
                self.tracked.context_version, self.tracked.mailbox.context_version
            )

    async def _refresh_context(self, changes: Changes) -> None:
        values: dict[str, Json] = {}
        if self.tracked.context_version:
            values = await in_any_thread(read_context, self.tracked.id, version=self.tracked.context_version)
        # What this turn writes itself is committed with what it decides.
        self.tracked.take_context({**values, **{write.key: write.value for write in changes.context}})

    async def _wait(self) -> list[Outcome]:
        """Wait until there is news or the clock says so; return the attempts that ended."""
        moment = find_next_moment(self.tracked.state)
        wait_s = LONGEST_WAIT_S
        if moment is not None:
            wait_s = min(max((moment - self.now()).total_seconds(), 0.01), LONGEST_WAIT_S)
        wait_s = min(wait_s, self._purse.asks_again_s or LONGEST_WAIT_S)
        ended: list[Outcome] = []
        try:
            async with asyncio.timeout(wait_s):
                first = await self._inbox.get()
        except TimeoutError:
            return ended
        news = [first]
        while not self._inbox.empty():
            news.append(self._inbox.get_nowait())
        return [outcome for outcome in news if outcome is not None]

    async def _commit(self, changes: Changes) -> Committed:
        committed = await self._holder.commit(changes)
        self.tracked.context_version = committed.context_version
        self.hear_wishes(
            cancel_requested=committed.cancel_requested,
            pause_requested=committed.pause_requested,
            at=committed.seen_at,
        )
        return committed

    def _new_changes(self) -> Changes:
        return Changes(
            execution_id=self.tracked.id, driver_id=self._holder.driver_id, epoch=self.tracked.epoch
        )


def _step_of(outcome: Outcome) -> str:
    return outcome.run.step_id if outcome.run is not None else outcome.step_id


def _read_input(row_id: uuid.UUID) -> str:
    return ExecutionStep.objects.values_list("input", flat=True).get(pk=row_id)
