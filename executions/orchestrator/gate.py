"""The gate on the starts of one connection: who may start now, and what the others wait for. Pure.

Times are seconds of a clock that only goes forward. A start that is let through holds a ticket until its
attempt is over or put back; each run that is adopted takes one as well.
"""

import uuid
from collections.abc import Callable, Hashable, Mapping

from executions.agent_service import AgentServiceError, Throttled, Unavailable
from executions.engine.state import Reason
from executions.orchestrator.circuit import Circuit
from executions.orchestrator.gate_shares import Demand, find_share
from executions.orchestrator.own_failures import OwnFailures
from executions.orchestrator.start_limit import Refusal, StartLimit
from executions.orchestrator.start_line import Key, StartLine, Wish
from executions.orchestrator.start_pause import PAUSES, WAITS_FOR_A_PERSON, StartPause, begin_pause
from teams.workflow.plan import Json

Jitter = Callable[[float, float], float]


class Gate:
    """One connection's gate in one driver.

    `others` is what other drivers have on the connection, as far as that is known, and `turn` the number of
    the round in which places that cannot be divided go round. `mark` stands for the address and the
    credential that clients were last made with, empty where none was. `limit` and `circuit` are the gate's
    own; nobody else changes them, but for the calls that the circuit guards.
    """

    def __init__(self, driver_id: uuid.UUID, *, growth_s: float, jitter: Jitter) -> None:
        self.circuit = Circuit(jitter=jitter)
        self.limit = StartLimit(growth_s=growth_s, jitter=jitter)
        self.pause: StartPause | None = None
        self.others: Mapping[uuid.UUID, Demand] = {}
        self.turn = 0
        self.mark = ""
        self._driver_id = driver_id
        self._jitter = jitter
        self._failures = OwnFailures()
        self._line = StartLine(failures=self._failures.count)
        self._tickets: dict[Key, float] = {}
        self._unanswered: set[Key] = set()
        # What held up everybody in line at the last look; None where each just waits for its turn.
        self._held_up_by: str | None = None
        # Codes whose pause some other call ended, since Suna last took a start.
        self._eased: set[str] = set()

    @property
    def demand(self) -> Demand:
        """What this driver has on the connection."""
        return Demand(in_flight=len(self._tickets), waiting=len(self._line))

    def list_crowding(self, *, line: int) -> list[Hashable]:
        """Return the users who have `line` steps in line, or as many as run at once if that is more."""
        return self._line.list_users(at_least=max(line, self.limit.cap or 0))

    def ask(self, wish: Wish, *, now: float) -> Reason | None:
        """Let a start through and return None, or return why it must wait."""
        if self._free(now) == float("inf"):
            self._let_through(wish, now)
            return None
        self._line.join(wish)
        free, ahead = self._free(now), self._line.ahead_of(wish.key, now=now)
        if ahead < free:
            self._let_through(wish, now)
            return None
        return self._line.say(wish.key, self._hindrance(now, place=int(ahead - free) + 1), now=now)

    def take(self, key: Key, *, now: float) -> None:
        """Count a run that is under way already."""
        self._tickets[key] = now

    def keep_only(self, execution_id: uuid.UUID, step_ids: set[str]) -> None:
        """Take note of the steps of an execution that still wait for their start here."""
        self._line.keep_only(execution_id, step_ids)

    def give_back(self, key: Key, *, now: float) -> None:
        """Count a run no more, and let in who is next."""
        self._tickets.pop(key, None)
        self._unanswered.discard(key)
        if self.pause is not None and self.pause.probe == key:
            self.pause.probe = None
        self.call_up(now=now)

    def forget(self, execution_id: uuid.UUID, *, now: float) -> None:
        """Take an execution out that is over, or another driver's."""
        self._failures.forget(execution_id)
        self._line.keep_only(execution_id, set())
        for key in [key for key in self._tickets if key[0] == execution_id]:
            self.give_back(key, now=now)

    def started(self, key: Key, *, now: float) -> None:
        """Take in that Suna took a start: the connection is in order."""
        self._unanswered.discard(key)
        self._eased.clear()
        self._failures.note_taken(key)
        self.limit.started()
        self._end_pause()
        self.call_up(now=now)

    def unsure(self, key: Key, *, now: float) -> None:
        """Take in that nobody knows what became of a start: it is no longer waited for, but in flight."""
        self._unanswered.discard(key)
        if self.pause is not None and self.pause.probe == key:
            self.pause.put_off(now=now, jitter=self._jitter)
        self.call_up(now=now)

    def answered(self, *, now: float) -> None:
        """Take in that some call succeeded, with the credential as it is."""
        pause = self.pause
        if pause is not None and not pause.is_stubborn and pause.code != "payment_required":
            self._eased.add(pause.code)
            self._end_pause()
            self.call_up(now=now)

    def refused(self, key: Key, error: AgentServiceError, *, now: float) -> bool:
        """Take in that a start was refused; return whether that pauses the connection for a person, anew."""
        granted_at = self._tickets.get(key, now)
        self._unanswered.discard(key)
        if isinstance(error, Throttled):
            refusal = Refusal(limit=error.limit, retry_after_s=error.retry_after_s, granted_at=granted_at)
            in_flight = len(self._tickets.keys() - {key}) + self._others_in_flight()
            self.limit.refused(refusal, in_flight=in_flight, now=now)
            return False
        if error.code not in PAUSES:
            return False
        was_sent = isinstance(error, Unavailable) and error.sent
        self._failures.note_failed(key, was_sent=was_sent, now=now)
        pause = self.pause
        if (
            pause is not None
            and pause.probe == key
            and (pause.code == error.code or pause.outranks(error.code))
        ):
            pause.put_off(now=now, jitter=self._jitter)
            return False
        return self.hold_for(error.code, now=now)

    def is_own_fault(self, key: Key, *, now: float) -> bool:
        """Whether the step, just refused, cannot be started although Suna takes others: said once."""
        return self._failures.is_own_fault(key, now=now)

    def hold_for(self, code: str, *, now: float) -> bool:
        """Let no start through until a probe succeeds; return whether a person is needed and knew nothing."""
        if self.pause is not None and (self.pause.code == code or self.pause.outranks(code)):
            return False
        self.pause = begin_pause(code, now=now, jitter=self._jitter)
        # Other calls succeed while starts do not: they prove nothing a second time.
        self.pause.is_stubborn = code in self._eased
        return code in WAITS_FOR_A_PERSON

    def note_stored(self) -> None:
        """Take in that the connection's row says what the gate is paused for."""
        if self.pause is not None:
            self.pause.is_stored = True

    def is_paused_for(self, code: str) -> bool:
        """Whether starts are held for this code."""
        return self.pause is not None and self.pause.code == code

    def mended(self, *, now: float) -> None:
        """Take in that somebody says the connection is in order again."""
        self._eased.clear()
        self._end_pause()
        self.call_up(now=now)

    def tick(self, *, now: float) -> None:
        """Look at the clock: whose time has come, and whether the limit may be tried to be exceeded.

        Where something else holds up those in line than at the last look, they ask again and say so.
        """
        in_flight = len(self._tickets) + self._others_in_flight()
        self.limit.grow(is_wanted=len(self._line) > 0, in_flight=in_flight, now=now)
        self.call_up(now=now)
        held_up_by = self._find_hold_up()
        if held_up_by != self._held_up_by:
            self._held_up_by = held_up_by
            self._line.wake_stale(held_up_by)

    def call_up(self, *, now: float) -> None:
        """Have those ask again who may start now."""
        if len(self._line):
            self._line.call_up(self._free(now), now=now)

    def _free(self, now: float) -> float:
        cap, share = self.limit.cap, None
        if cap is not None and self.others:
            demands = {**self.others, self._driver_id: self.demand}
            share = find_share(demands, cap=cap, driver_id=self._driver_id, turn=self.turn)
        free = self.limit.free(
            own=len(self._tickets),
            others=self._others_in_flight(),
            share=share,
            unanswered=len(self._unanswered),
            now=now,
        )
        if self.circuit.is_open:
            # A probe that the circuit would not send proves nothing: the circuit's time counts.
            if not self.circuit.may_probe(now=now):
                return 0
            if self.pause is None or self.pause.code == "unavailable":
                return 0 if self._unanswered else min(free, 1)
        if self.pause is not None:
            return min(free, 1) if self.pause.may_probe(now=now) else 0
        return free

    def _let_through(self, wish: Wish, now: float) -> None:
        self._line.serve(wish)
        self._tickets[wish.key] = now
        self._unanswered.add(wish.key)
        if self.pause is not None:
            self.pause.probe = wish.key

    def _hindrance(self, now: float, *, place: int) -> Reason:
        if (held_up_by := self._find_hold_up()) is not None:
            return Reason(code=held_up_by)
        if self.limit.is_feeling_its_way and now >= self.limit.until:
            return Reason(code="start_in_turn")
        params: dict[str, Json] = {"place": place}
        if self.limit.cap is not None:
            params |= {"limit": self.limit.cap, "running": len(self._tickets) + self._others_in_flight()}
        return Reason(code="service_throttled", params=params)

    def _find_hold_up(self) -> str | None:
        if self.pause is not None:
            return f"service_{self.pause.code}"
        return "service_unavailable" if self.circuit.is_open else None

    def _others_in_flight(self) -> int:
        return sum(demand.in_flight for demand in self.others.values())

    def _end_pause(self) -> None:
        self.pause = None
