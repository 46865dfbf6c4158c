"""Server-sent events of one run of c2 or d: a Redis stream of few entries, with pings, and without many ends.

Facts (suna-contract §3.3, §3.4): a reader is given the newest entries, about 200, and by reading them trims
the stream up to the last complete model call, so that the next reader gets less. In c2 the stream is deleted
when the run ends; in d it lives on for a while. Nobody tells a reader that the run was stopped: it is
pinged for ever. In d a reader who was given nothing for some time asks the database, and fails a run that
still goes on.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from executions.suna.simulator.answers import Refusal
from executions.suna.simulator.clock import Clock
from executions.suna.simulator.run import RUNNING, Run
from executions.suna.simulator.sse_answer import Cut, Event, SseAnswer

_TERMINAL = frozenset({"completed", "failed", "stopped", "error"})
_PING = {"type": "ping"}
_COMPLETED = {"type": "status", "status": "completed"}
_MOST_ENTRIES = 200
TIMEOUT_ERROR = "Worker timeout"

Timed = tuple[float, Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRules:
    """How a version reads its streams, in seconds.

    `gone_after_s` is how long the stream outlives its run. `expires_after_s` is when entries vanish although
    the run goes on. `silence_s` is after how long without any entry a reader asks the database; None never.
    `late_end` is what is said when there is no stream any more; None where the reader is left to wait.
    """

    ping_s: float
    gone_after_s: float
    expires_after_s: float | None = None
    silence_s: float | None = None
    late_end: Event | None = None


class RedisStream(SseAnswer):
    """The response. `last_id` skips all entries up to the one with that `_event_id`."""

    def __init__(
        self,
        *,
        entries: list[Timed],
        run: Run,
        rules: StreamRules,
        settle: Callable[[], Run],
        clock: Clock,
        last_id: str | None = None,
        cut: Cut | None = None,
        noise_after: int | None = None,
    ) -> None:
        super().__init__(
            run=run, settle=settle, clock=clock, lie=_COMPLETED, cut=cut, noise_after=noise_after
        )
        self._entries = entries
        self._rules = rules
        self._last_id = last_id

    async def _follow(self, send: Send, gone: "asyncio.Future[None]") -> bool:
        run, rules = self._settle(), self._rules
        opened_at = heard_at = self._clock()
        position = 0
        was_given = False
        if self._is_deleted(opened_at):
            position = len(self._entries)
            if rules.late_end is not None:
                return await self._send(send, [rules.late_end], closed=True) or await self._end_cut(gone)
        else:
            position = self._first_entry(opened_at)
        while not gone.done():
            now = self._clock()
            self._settle()
            position, due, closed = self._due(position, now)
            if not closed and not due and not was_given and self._is_silent(opened_at, now):
                due, closed = [self._ask_database(now)], True
            if not due and now - heard_at >= rules.ping_s:
                due = [_PING]
            if due or self._is_cut(0):
                was_given = was_given or (bool(due) and due != [_PING])
                heard_at = now
                if not await self._send(send, due, closed=closed):
                    return await self._end_cut(gone)
            if closed:
                return True
            silence_at = opened_at + rules.silence_s if rules.silence_s and not was_given else None
            await self._wait(position, run, now, heard_at + rules.ping_s, silence_at)
        return False

    def _is_deleted(self, now: float) -> bool:
        run = self._run
        ended_at = run.completed_at if run.status != RUNNING else None
        return ended_at is not None and now >= ended_at + self._rules.gone_after_s

    def _first_entry(self, now: float) -> int:
        """Return where this reader begins, and trim the stream as reading it does."""
        run = self._run
        if self._last_id is not None:
            ids = [event.get("_event_id") for _, event in self._entries]
            if self._last_id in ids:
                return ids.index(self._last_id) + 1
            return sum(run.shows(at, now) for at, _ in self._entries)
        there = sum(run.shows(at, now) for at, _ in self._entries)
        first = max(run.trimmed, there - _MOST_ENTRIES, 0)
        expires_after_s = self._rules.expires_after_s
        if expires_after_s is not None and now >= run.started_at + expires_after_s and run.status == RUNNING:
            expired_at = run.started_at + expires_after_s
            first = max(first, sum(at < expired_at for at, _ in self._entries[:there]))
        whole = [
            index + 1
            for index, (_, event) in enumerate(self._entries[:there])
            if event.get("type") == "llm_response_end"
        ]
        run.trimmed = max([run.trimmed, *whole])
        return first

    def _due(self, position: int, now: float) -> tuple[int, list[Event], bool]:
        due: list[Event] = []
        while position < len(self._entries):
            at, event = self._entries[position]
            if not self._run.shows(at, now):
                break
            position += 1
            due.append(event)
            if "content" not in event and event.get("status") in _TERMINAL:
                return position, due, True
        return position, due, False

    def _is_silent(self, opened_at: float, now: float) -> bool:
        silence_s = self._rules.silence_s
        return silence_s is not None and now - opened_at >= silence_s

    def _ask_database(self, now: float) -> Event:
        run = self._run
        if run.status != RUNNING:
            return {"type": "status", "status": run.status}
        # The run knows nothing of it: it goes on, and its own end will be written over this.
        run.status, run.error, run.completed_at = "failed", TIMEOUT_ERROR, now
        return {"type": "status", "status": "error", "message": TIMEOUT_ERROR}

    async def _wait(
        self, position: int, run: Run, now: float, ping_at: float, silence_at: float | None
    ) -> None:
        times = [ping_at]
        if silence_at is not None:
            times.append(silence_at)
        if position < len(self._entries) and run.cut_at is None:
            times.append(self._entries[position][0])
        await self._wait_until(min(times), now=now)


class LateRefusal:
    """Answers a refusal after a while: a stream of d waits for a run that nobody knows."""

    def __init__(self, refusal: Refusal, *, after_s: float) -> None:
        self._answer: ASGIApp = refusal.response()
        self._after_s = after_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then refuse."""
        await asyncio.sleep(self._after_s)
        await self._answer(scope, receive, send)
