"""What a state machine of faults acts on: executions of several shapes, forked drivers, what is expected."""

import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis
from django.db import OperationalError, connection

from executions.actions.cancel_execution import cancel_execution
from executions.actions.pause_execution import pause_execution
from executions.actions.release_execution import release_execution
from executions.actions.resume_execution import resume_execution
from executions.models import AgentRun, Driver, Execution
from executions.orchestrator.database_calls import is_contended
from teams.actions.refusal import Refusal
from teams.models import User
from tests.faults.history import check_history
from tests.fixtures.forked import Forked, Nursery
from tests.fixtures.running import RunningRenum, wait_until

SETTINGS = {
    "RENUM_LEASE_TTL_S": "2",
    "RENUM_BEAT_S": "0.3",
    "RENUM_LINGER_S": "60",
    "RENUM_CLAIM_INTERVAL_S": "0.1",
    "RENUM_POLL_MIN_S": "0.05",
    "RENUM_POLL_MAX_S": "0.3",
    "RENUM_CALL_DEADLINE_S": "1",
    "RENUM_START_GRACE_S": "1.5",
    "RENUM_STOP_SETTLE_S": "0.1",
}
MAX_DRIVERS = 3
IN_START_S = 3.0
QUIET_S = 60
LATE_S = 2.5
"""Later than the grace: such a run is stopped and billed by the sweep."""

FAULTS: dict[str, dict[str, Any]] = {
    "500 before insert": {"operation": "agent.start", "times": 2, "kind": "error"},
    "500 after insert": {"operation": "agent.start", "times": 2, "kind": "error", "when": "after"},
    "start unanswered": {"operation": "agent.start", "times": 1, "kind": "hang", "when": "after"},
    "start dropped": {"operation": "agent.start", "times": 2, "kind": "drop", "when": "after"},
    "too many": {"operation": "agent.start", "times": 3, "kind": "too_many"},
    "late, in the grace": {"operation": "agent.start", "kind": "late_run", "seconds": 0.5, "answer": "drop"},
    "late, after it": {"operation": "agent.start", "kind": "late_run", "seconds": LATE_S, "answer": "drop"},
    "threads away": {"operation": "threads.create", "times": 2, "kind": "error"},
    "status away": {"operation": "run.get", "times": 6, "kind": "drop"},
    "stop away": {"operation": "run.stop", "times": 2, "kind": "error"},
    "vanished": {"operation": "run.get", "times": 4, "kind": "vanish"},
}


def build_shapes() -> dict[str, tuple[dict[str, Any], set[str]]]:
    """Return each shape's definition, and the statuses in which it may end if nobody interferes."""
    takes = '@@sim{"takes": 0.2}'
    key = uuid.uuid4().hex
    flaky = f'@@sim{{"key": "{key}", "attempts": [{{"fail": "no"}}, {{"text": "good"}}]}}'
    verdict = '@@sim{"output": {"category": "technical"}}'
    agents = [{"agent_id": f"agent-{n}", "instructions": takes} for n in range(1, 4)]
    retry = {"max_attempts": 3, "initial_interval": 1}
    condition = {"field": "steps.judge.data.category", "operator": "equals"}
    return {
        "sequential": ({"type": "sequential", "agents": agents}, {"completed"}),
        "parallel": (
            {
                "type": "parallel",
                "agents": [
                    {"agent_id": "slow", "instructions": '@@sim{"takes": 1}'},
                    {"agent_id": "bad", "instructions": '@@sim{"fail": "no"}', "on_error": "fail"},
                ],
            },
            {"failed"},
        ),
        "conditional": (
            {
                "type": "conditional",
                "agents": [
                    {"agent_id": "judge", "instructions": verdict},
                    {"agent_id": "tech", "conditions": [{**condition, "value": "technical"}]},
                    {"agent_id": "bills", "conditions": [{**condition, "value": "billing"}]},
                ],
            },
            {"completed"},
        ),
        "retry": (
            {"type": "graph", "agents": [{"agent_id": "flaky", "instructions": flaky, "retry": retry}]},
            {"completed"},
        ),
    }


SHAPES = sorted(build_shapes())


@dataclass(slots=True)
class Expected:
    """One accepted execution: how it may end, and how it did as soon as that was seen."""

    execution: Execution
    ends: set[str]
    seen: str | None = None


@dataclass
class World:
    """One example's executions and drivers. `steps` counts what was done to them."""

    renum: RunningRenum
    nursery: Nursery
    store: "redis.Redis"
    staff: User
    expected: list[Expected] = field(default_factory=list)
    drivers: list[Forked] = field(default_factory=list)
    halted: list[Forked] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    vanishing: bool = False
    late: bool = False
    violation: BaseException | None = None

    def note(self, what: str) -> None:
        """Keep what was done, for whoever has to understand a failure."""
        self.history.append(what)

    def submit(self, shape: str) -> None:
        """Accept an execution."""
        definition, ends = build_shapes()[shape]
        execution = self.renum.start(self.renum.make_team(definition), "What should we do?")
        self.note(f"submit {shape}: {execution.pk}")
        self.expected.append(Expected(execution, ends | self._doubt()))

    def start_driver(self) -> None:
        """Fork one more driver; it ends at once where nobody needs it."""
        self.drivers = [driver for driver in self.drivers if not driver.is_over]
        if len(self.drivers) < MAX_DRIVERS:
            self.drivers.append(self.nursery.fork("drive"))
            self.note(f"driver {self.drivers[-1].pid}")

    def signal(self, number: int, what: signal.Signals) -> None:
        """Send one of the drivers a signal."""
        living = [driver for driver in self.drivers if not driver.is_over]
        if not living:
            return
        driver = living[number % len(living)]
        self.note(f"{what.name} to {driver.pid}")
        driver.send(what)
        if driver in self.halted:
            self.halted.remove(driver)
        if what is signal.SIGSTOP:
            self.halted.append(driver)
        if what is signal.SIGKILL:
            driver.wait()

    def crash_in_start(self, seconds: float) -> None:
        """kill -9 of every driver, so long after the newest execution committed that it asks for a start."""
        newest = self.expected[-1].execution
        asked = AgentRun.objects.filter(execution=newest, start_requested_at__isnull=False)
        give_up_at = time.monotonic() + IN_START_S
        while not asked.exists() and time.monotonic() < give_up_at:
            time.sleep(0.01)
        self.let_work(seconds)
        for _ in range(MAX_DRIVERS):
            self.signal(0, signal.SIGKILL)

    def wake_one(self) -> None:
        """Let the driver go on that was halted first."""
        if not self.halted:
            return
        driver = self.halted.pop(0)
        self.note(f"SIGCONT to {driver.pid}")
        driver.send(signal.SIGCONT)

    def wish(self, number: int, verb: str) -> None:
        """Ask for one execution to be cancelled, paused or resumed; a refusal is an answer too."""
        if not self.expected:
            return
        chosen = self.expected[number % len(self.expected)]
        verbs: dict[str, Callable[..., Execution]] = {
            "cancel": cancel_execution,
            "pause": pause_execution,
            "resume": resume_execution,
        }
        try:
            verbs[verb](execution=chosen.execution, by=self.renum.owner)
        except Refusal as refusal:
            self.note(f"{verb} {chosen.execution.pk} refused: {refusal.code}")
            return
        except OperationalError as error:
            # A driver that was halted in the middle of a transaction holds the row: whoever asks is told to
            # ask again (503).
            if not is_contended(error) or not self.halted:
                raise
            self.note(f"{verb} {chosen.execution.pk}: busy")
            return
        self.note(f"{verb} {chosen.execution.pk}")
        if verb == "cancel":
            chosen.ends |= {"cancelled"}

    def break_suna(self, name: str) -> None:
        """Put one fault of Suna in force."""
        self.note(f"fault: {name}")
        self.renum.suna.fail(**{"times": 1, **FAULTS[name]})
        self.vanishing |= name == "vanished"
        self.late |= name == "late, after it"
        for one in self.expected:
            one.ends |= self._doubt()

    def heal_suna(self) -> None:
        """Drop all faults of Suna."""
        self.note("Suna heals")
        self.renum.suna.clear_faults()
        self.vanishing = False

    def lose_redis(self) -> None:
        """Empty Redis."""
        self.note("Redis forgets")
        self.store.flushdb()

    def let_work(self, seconds: float) -> None:
        """Leave the drivers alone for a while."""
        self.note(f"{seconds:.2f} s of work")
        time.sleep(seconds)

    def pass_time(self) -> None:
        """Wait until the leases of all who cannot beat have run out; of the dead at once."""
        self.note("time passes")
        gone = [driver.pid for driver in self.drivers if driver.is_over]
        with connection.cursor() as cursor:
            # What a halted driver holds is left to its time.
            cursor.execute(
                "UPDATE executions_driver SET lease_until = beat_at WHERE id IN"
                " (SELECT id FROM executions_driver WHERE pid = ANY(%s) FOR UPDATE SKIP LOCKED)",
                [gone],
            )
        halted = [driver.pid for driver in self.halted]
        wait_until(lambda: not Driver.objects.alive().filter(pid__in=halted).exists())

    def sweep(self) -> None:
        """Run the sweep beside everything else."""
        self.note("sweep")
        assert self.nursery.fork("sweep").wait() == 0

    def keep_violation(self, check: Callable[[], None]) -> None:
        """Call a check; keep what it raises, too."""
        try:
            check()
        except Exception as violation:
            self.violation = violation
            raise

    def check(self) -> None:
        """Fail with what must not hold at any moment."""
        for one in self.expected:
            one.execution.refresh_from_db()
            status = one.execution.status
            if one.seen is not None:
                assert status == one.seen, f"{one.execution.pk} left {one.seen} for {status}"
            elif one.execution.finished_at is not None:
                one.seen = status
                assert status in one.ends, f"{one.execution.pk} ended {status}, not {one.ends}"
        with connection.cursor() as cursor:
            for name, sql in AT_ANY_MOMENT.items():
                cursor.execute(sql)
                assert cursor.fetchall() == [], name
        assert not self.renum.suna.get("summary")["threads_started_more_than_once"]

    def settle(self) -> None:
        """Heal everything, let drivers work until all is over, and check the whole history."""
        self.heal_suna()
        for driver in self.drivers:
            driver.send(signal.SIGCONT)
        self.halted.clear()
        for number in range(len(self.expected)):
            self.wish(number, "resume")
        self.pass_time()
        wait_until(self._is_quiet, timeout_s=QUIET_S, every_s=0.2)
        for driver in self.drivers:
            # One that had nothing to drive yet knows no SIGTERM.
            assert driver.stop() in (0, -signal.SIGKILL, -signal.SIGTERM)
        if self.late:
            wait_until(self._no_run_is_unknown, timeout_s=LATE_S + 20, every_s=0.5)
        self.check()
        assert [one for one in self.expected if one.seen is None] == []
        check_history(self.renum)

    def _is_quiet(self) -> bool:
        for execution in Execution.objects.filter(status="quarantined"):
            # Three drivers were killed while they worked on it: that counts as its doing until staff look.
            self.note(f"release {execution.pk}")
            release_execution(execution=execution, by=self.staff)
        ids = [one.execution.pk for one in self.expected]
        is_quiet = not Execution.objects.filter(pk__in=ids, finished_at=None).exists()
        if not is_quiet:
            self.start_driver()
        return is_quiet

    def _no_run_is_unknown(self) -> bool:
        # A run of an abandoned start shows up by itself some time; then the sweep finds it.
        self.sweep()
        summary = self.renum.suna.get("summary")
        return not summary["running"]

    def _doubt(self) -> set[str]:
        return {"failed", "partial"} if self.vanishing else set()


AT_ANY_MOMENT = {
    "two live runs of one step": """
        SELECT step_id FROM renum_team_agent_executions
        WHERE status IN ('created', 'starting', 'running', 'unknown')
        GROUP BY step_id HAVING count(*) > 1""",
    "gaps in a timeline": """
        SELECT execution_id FROM executions_executionevent GROUP BY execution_id
        HAVING max(seq) <> count(*) OR min(seq) <> 1""",
    "over and still open": """
        SELECT e.id FROM renum_team_executions e JOIN renum_team_agent_executions r ON r.execution_id = e.id
        WHERE e.finished_at IS NOT NULL AND r.status IN ('created', 'starting', 'running')""",
}
