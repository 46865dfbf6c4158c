"""The only door to django-q2: what is queued, the clusters that take it, and when one should stop.

Messages are hints. A driver is one task without a time limit on a cluster of its own, `drivers`; short tasks
run on `renum`. django-q2 tells its workers nothing when it stops: a pipe made before they are forked does.
"""

import datetime as dt
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django_q.brokers import get_broker
from django_q.cluster import Cluster
from django_q.models import Schedule, Task
from django_q.signals import post_execute_in_worker, post_spawn, pre_execute
from django_q.tasks import async_task

from executions.orchestrator.process_tree import adopt_orphans, is_dead, kill_all_below
from executions.orchestrator.roll import Roll

DRIVERS = "drivers"
TASKS = "renum"
DRIVE_TASK = "executions.tasks.drive"
SWEEP_TASK = "executions.tasks.sweep"
CANARY_TASK = "executions.tasks.canary"
SWEEP_SCHEDULE = "renum sweep"
PRUNE_TASK = "executions.tasks.prune"
REPRICE_TASK = "executions.tasks.reprice"
STATEMENTS_TASK = "executions.tasks.close_statements"
STATEMENTS_SCHEDULE = "renum statements"
PRUNE_SCHEDULE = "renum prune"
TASK_TABLE: str = Task._meta.db_table  # noqa: SLF001  Django's own way to a table's name
STOP_PATIENCE_S = 15.0
# How long tasks are given to let go when nothing but the pipe and the loss of their parent tells them.
LET_GO_S = 3.0
LOOK_S = 0.5
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def enqueue_drive() -> None:
    """Queue the start of one driver.

    `timeout=-1` is django-q2's word for no limit; None kills its worker.
    """
    async_task(DRIVE_TASK, cluster=DRIVERS, timeout=-1)


def enqueue_canary(cluster: str) -> None:
    """Queue a task that does nothing, for whichever worker of the clusters of that name takes it."""
    async_task(CANARY_TASK, cluster=cluster)


def enqueue_repricing() -> None:
    """Queue a look for re-pricings that are not carried out yet; without one the next sweep finds them."""
    async_task(REPRICE_TASK, cluster=TASKS)


def count_queued(cluster: str) -> int:
    """Return how many messages wait in Redis for the clusters of that name."""
    return int(get_broker(cluster).queue_size())


def schedule_sweep() -> None:
    """Have the sweep run each minute, on the cluster of short tasks; calling this again changes nothing."""
    _keep_one_schedule(SWEEP_SCHEDULE, func=SWEEP_TASK, schedule_type=Schedule.MINUTES, minutes=1)


def schedule_prune() -> None:
    """Have old rows deleted once a day, on the cluster of short tasks; calling this again changes nothing."""
    _keep_one_schedule(PRUNE_SCHEDULE, func=PRUNE_TASK, schedule_type=Schedule.DAILY)


def schedule_statements() -> None:
    """Have months closed that are over, looked at once a day; calling this again changes nothing."""
    _keep_one_schedule(STATEMENTS_SCHEDULE, func=STATEMENTS_TASK, schedule_type=Schedule.DAILY)


def _keep_one_schedule(name: str, **columns: Any) -> None:
    # django-q2 holds no name to be unique, and all clusters of a site may start in the same moment.
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE django_q_schedule IN EXCLUSIVE MODE")
        found = list(Schedule.objects.filter(name=name).order_by("id"))
        kept = found[0] if found else Schedule(name=name)
        for column, value in {**columns, "repeats": -1, "cluster": settings.Q_CLUSTER["name"]}.items():
            setattr(kept, column, value)
        kept.save()
        Schedule.objects.filter(id__in=[surplus.id for surplus in found[1:]]).delete()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """One schedule: when it is due next, and how often its task has failed since the time asked for."""

    name: str
    next_run: dt.datetime | None
    failed: int


def find_schedules(*, failed_since: dt.datetime) -> list[Scheduled]:
    """Return what is done at set times, by name."""
    return [
        Scheduled(
            name=schedule.name or schedule.func,
            next_run=schedule.next_run,
            failed=Task.objects.filter(func=schedule.func, success=False, started__gte=failed_since).count(),
        )
        for schedule in Schedule.objects.exclude(repeats=0).order_by("name")
    ]


class StopAwareCluster(Cluster):  # type: ignore[misc]  # django-q2 has no types
    """django-q2's cluster, whose tasks learn that it stops, and which ends whoever of it was killed before.

    The byte in the pipe is never read: the pipe stays readable for every worker, those born later included.
    """

    stop_pipe: tuple[int, int] | None = None
    is_stopping_now = False
    has_stopped_in_order = False

    def __init__(self) -> None:
        """Make the roll, which every process of the cluster signs."""
        super().__init__()
        self.roll = Roll()

    def start(self) -> int:
        """Make the pipe before anything is forked, then start as ever."""
        adopt_orphans()
        reader, writer = os.pipe()
        StopAwareCluster.stop_pipe = (reader, writer)
        pre_execute.connect(self._task_begins, dispatch_uid="renum-task-begins")
        post_execute_in_worker.connect(self._task_is_over, dispatch_uid="renum-task-is-over")
        started: int = super().start()
        return started

    def stop(self) -> bool:
        """Tell the tasks, then stop as ever; called by the signals, on top of whatever else goes on."""
        if self.is_stopping_now:
            return False
        self.is_stopping_now = True
        # A process that was killed may have held a lock that the orderly stop now waits for, without end.
        threading.Thread(target=self._end_in_any_case, name="stop", daemon=True).start()
        self.tell_tasks_to_stop()
        if self.sentinel is None:
            sys.exit(0)
        stopped: bool = super().stop()
        self.has_stopped_in_order = self.sentinel.exitcode == 0
        return stopped

    def tell_tasks_to_stop(self) -> None:
        """Make the pipe readable, by which the drivers let go."""
        if StopAwareCluster.stop_pipe is not None:
            os.write(StopAwareCluster.stop_pipe[1], b"x")

    def wait_for_tasks(self) -> None:
        """Return when no task is under way any more, or when tasks that were told had their time."""
        give_up_at = time.monotonic() + LET_GO_S
        while self.roll.working() and time.monotonic() < give_up_at:
            time.sleep(LOOK_S / 10)

    def wait(self, seconds: float) -> bool:
        """Wait until the cluster is over, at most so long; return whether it is."""
        self.sentinel.join(seconds)
        return not self.sentinel.is_alive()

    def _end_in_any_case(self) -> None:
        """Give the orderly stop its time, less where the sentinel is dead already; then end everything."""
        give_up_at = time.monotonic() + STOP_PATIENCE_S
        while time.monotonic() < give_up_at:
            time.sleep(LOOK_S)
            if self.has_stopped_in_order:
                return
            if self.sentinel is not None and is_dead(self.sentinel.pid):
                self.wait_for_tasks()
                break
        kill_all_below()
        os._exit(1)

    def _task_begins(self, **_: Any) -> None:
        self.roll.take_task()

    def _task_is_over(self, **_: Any) -> None:
        self.roll.end_task()


def stop_reader() -> int | None:
    """Return the file descriptor that becomes readable when the cluster stops; None outside of one."""
    return StopAwareCluster.stop_pipe[0] if StopAwareCluster.stop_pipe else None


def start_cluster(*, on_worker_born: Callable[..., None] | None = None) -> StopAwareCluster:
    """Start the cluster that Q_CLUSTER_NAME names, which runs until a signal stops it.

    Each new worker calls `on_worker_born`.
    """
    if on_worker_born is not None:
        post_spawn.connect(on_worker_born, dispatch_uid="renum-worker-born", weak=False)
    schedule_sweep()
    schedule_prune()
    schedule_statements()
    cluster = StopAwareCluster()
    cluster.start()
    return cluster
