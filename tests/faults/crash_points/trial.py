"""One trial: an execution whose process meets its fate at one point, and what is needed to judge it."""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from executions.models import AgentRun, Execution
from executions.orchestrator.wake import forget_queued_wake_up
from teams.models import Team
from tests.faults.crash_points.operations import Moment, Point
from tests.fixtures.forked import Forked, Nursery
from tests.fixtures.running import RunningRenum, wait_until

STEPS = 3
QUICK = '@@sim{"takes": 0.01}'
THREE_STEPS = {
    "type": "sequential",
    "agents": [{"agent_id": f"agent-{number}", "instructions": QUICK} for number in range(1, STEPS + 1)],
}
PROMPT = "Compare the two offers."
SETTINGS = {
    # A lease ends when the test says that its time has passed, so that nobody else takes what is in a trial.
    "RENUM_LEASE_TTL_S": "120",
    "RENUM_LINGER_S": "130",
    "RENUM_BEAT_S": "0.2",
    "RENUM_CLAIM_INTERVAL_S": "0.05",
    "RENUM_POLL_MIN_S": "0.02",
    "RENUM_POLL_MAX_S": "0.1",
    "RENUM_CALL_DEADLINE_S": "2",
    "RENUM_START_GRACE_S": "2.5",
    "RENUM_STOP_SETTLE_S": "0.05",
}
OWN_END_S = 20
BATCH = 20


@dataclass(slots=True)
class Trial:
    """What became of one trial. `problem` is empty where all is well."""

    point: Point
    moment: Moment
    execution: Execution | None
    reached: bool = False
    healed_itself: bool = False
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.moment} {self.point}: {self.problem}"


@dataclass
class Rig:
    """The processes and rows that all trials share."""

    renum: RunningRenum
    nursery: Nursery
    team: Team
    folder: Path
    left: list[Trial] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)

    def list_points(self) -> list[Point]:
        """Drive one execution without a fault; return its operations in the order in which they came."""
        execution = self.renum.start(self.team, PROMPT)
        record = self.folder / f"counted-{uuid.uuid4().hex}.jsonl"
        child = self.nursery.fork("drive", record=str(record))
        wait_until(lambda: _is_over(execution), every_s=0.01)
        assert child.stop() == 0
        return read_points(record)

    def try_drive(self, point: Point, moment: Moment) -> None:
        """Drive an execution up to the point. A killed one is left for `recover`."""
        trial = Trial(point, moment, self.renum.start(self.team, PROMPT))
        self.trials.append(trial)
        record = self.folder / f"trial-{len(self.trials)}.jsonl"
        host = self.folder / "hosts" / str(len(self.trials))
        order = {"record": str(record), "host": str(host), "at": _plain(point), "moment": moment.value}
        child = self.nursery.fork("drive", **order)
        assert trial.execution is not None
        if not self._watch(child, trial.execution):
            trial.problem = "the process lives and the execution does not end"
            child.stop()
        trial.reached = '"hit": true' in record.read_text()
        record.unlink()
        killed = moment in (Moment.KILLED_BEFORE, Moment.KILLED_AFTER)
        if trial.reached and killed != (child.code == -9):
            trial.problem = f"the process ended with {child.code}"
        if _is_over(trial.execution):
            trial.healed_itself = not killed
            return
        if killed and not trial.reached:
            trial.problem = f"the process ended with {child.code} before the point"
        self.left.append(trial)
        is_free = Execution.objects.filter(pk=trial.execution.pk, driver=None).exists()
        if is_free or len(self.left) >= BATCH:
            # The next trial's driver would take what nobody holds.
            self.recover()

    def list_start_points(self) -> list[Point]:
        """Accept one execution without a fault; return the operations of that."""
        record = self.folder / "start.jsonl"
        key = uuid.uuid4().hex
        assert self._fork_start(key, record=str(record)).wait() == 0
        execution = _find_by_key(key)
        assert execution is not None
        self._leave(Trial(Point(kind="none", name="none", nth=0), Moment.REFUSED, execution, reached=True))
        return read_points(record)

    def try_start(self, point: Point, moment: Moment) -> None:
        """Have an execution accepted by a process that meets its fate at the point: wholly or not at all.

        A caller without an answer asks again with the same key, which makes one execution.
        """
        trial = Trial(point, moment, None)
        # Or the last trial's wake-up would stand for this one's.
        forget_queued_wake_up()
        key = uuid.uuid4().hex
        record = self.folder / f"trial-{len(self.trials)}.jsonl"
        child = self._fork_start(key, record=str(record), at=_plain(point), moment=moment.value)
        answered = child.wait() == 0
        trial.reached = '"hit": true' in record.read_text()
        record.unlink()
        trial.execution = _find_by_key(key)
        if trial.execution is None and answered:
            trial.problem = "accepted and not there"
        if trial.execution is not None:
            trial.problem = _what_is_missing(trial.execution)
        if not answered:
            assert self._fork_start(key).wait() == 0
            again = _find_by_key(key)
            if again is None or (trial.execution is not None and again.pk != trial.execution.pk):
                trial.problem = "asked for again, it was not accepted as the same"
            trial.execution = again
        self._leave(trial)

    def _fork_start(self, key: str, **order: object) -> Forked:
        who = {"team": str(self.team.pk), "by": str(self.renum.owner.pk), "prompt": PROMPT, "key": key}
        return self.nursery.fork("start", **who, **order)

    def _leave(self, trial: Trial) -> None:
        self.trials.append(trial)
        self.left.append(trial)

    def recover(self) -> None:
        """Let the leases of the dead run out, and one driver without faults take up all they left."""
        if not self.left:
            return
        self._hand_over_slots()
        let_leases_run_out()
        ids = [trial.execution.pk for trial in self.left if trial.execution is not None]
        child = self.nursery.fork("drive")
        give_up_at = time.monotonic() + OWN_END_S + len(ids)
        while _count_open(ids) and time.monotonic() < give_up_at and not child.is_over:
            time.sleep(0.02)
        code = child.stop()
        for trial in self.left:
            if trial.execution is not None and not _is_over(trial.execution):
                trial.execution.refresh_from_db()
                held = f"{trial.execution.status} {trial.execution.code}, driver {trial.execution.driver_id}"
                kinds = list(trial.execution.events.values_list("kind", flat=True))
                trial.problem = f"the next driver, which ended with {code}, left it {held}: {kinds}"
        self.left.clear()

    def _hand_over_slots(self) -> None:
        """Let the next driver find the slots of the dead, as one on the same host would."""
        here = self.folder / "drivers"
        here.mkdir(exist_ok=True)
        for slot in (self.folder / "hosts").glob("*/drivers/*.slot"):
            slot.rename(here / slot.name)

    def judge(self) -> list[Trial]:
        """Return the trials with a problem, each execution compared with the ledger of the simulator."""
        started: dict[str, int] = {}
        for run in self.renum.suna.get("runs")["runs"]:
            started[run["thread_id"]] = started.get(run["thread_id"], 0) + 1
        for trial in self.trials:
            if trial.problem or trial.execution is None:
                continue
            trial.execution.refresh_from_db()
            threads = AgentRun.objects.filter(execution=trial.execution).values_list("thread_id", flat=True)
            starts = sum(started.get(thread or "", 0) for thread in threads)
            status = trial.execution.status
            if status != "completed" or starts != STEPS:
                trial.problem = f"{status} with {starts} starts (execution {trial.execution.pk})"
        return [trial for trial in self.trials if trial.problem]

    def _watch(self, child: Forked, execution: Execution) -> bool:
        """Wait until the child or the execution is over, then end the child; False if neither came."""
        give_up_at = time.monotonic() + OWN_END_S
        while not child.is_over and time.monotonic() < give_up_at:
            if _is_over(execution):
                child.stop()
                return True
            time.sleep(0.005)
        return child.is_over


def _find_by_key(key: str) -> Execution | None:
    return Execution.objects.filter(idempotency_key=key).first()


def _what_is_missing(execution: Execution) -> str:
    kinds = list(execution.events.values_list("kind", flat=True))
    steps = execution.steps.count()
    if kinds == ["execution_queued"] and steps == STEPS and execution.event_seq == 1:
        return ""
    return f"half there: {steps} steps, events {kinds}, number {execution.event_seq}"


def let_leases_run_out() -> None:
    """Have the leases of all drivers end a second ago. Only for drivers that are dead."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE executions_driver SET lease_until = clock_timestamp() - interval '1 second',"
            " beat_at = LEAST(beat_at, clock_timestamp() - interval '2 seconds'),"
            " started_at = LEAST(started_at, clock_timestamp() - interval '3 seconds')"
        )


def read_points(record: Path) -> list[Point]:
    """Return the operations that a process recorded."""
    rows = [json.loads(line) for line in record.read_text().splitlines()]
    return [Point(kind=row["kind"], name=row["name"], nth=row["nth"]) for row in rows]


def _plain(point: Point) -> dict[str, object]:
    return {"kind": point.kind, "name": point.name, "nth": point.nth}


def _is_over(execution: Execution) -> bool:
    return Execution.objects.filter(pk=execution.pk, finished_at__isnull=False).exists()


def _count_open(ids: Sequence[object]) -> int:
    return Execution.objects.filter(pk__in=ids, finished_at=None).count()
