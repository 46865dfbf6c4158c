"""The only door to django-q2: what is queued, the cluster that drivers live on, and when it should stop.

Messages are hints. A driver is one task without a time limit on a cluster of its own, `drivers`. django-q2
tells its workers nothing when it stops: a pipe made before they are forked does, at once.
"""

import os
from typing import Any

from django.conf import settings
from django_q.cluster import Cluster
from django_q.models import Schedule
from django_q.signals import post_spawn
from django_q.tasks import async_task

DRIVERS = "drivers"
DRIVE_TASK = "executions.tasks.drive"
SWEEP_TASK = "executions.tasks.sweep"
SWEEP_SCHEDULE = "renum sweep"


def enqueue_drive() -> None:
    """Queue the start of one driver.

    `timeout=-1` is django-q2's word for no limit; None kills its worker.
    """
    async_task(DRIVE_TASK, cluster=DRIVERS, timeout=-1)


def schedule_sweep() -> None:
    """Have the sweep run each minute, on the cluster of short tasks; calling this again changes nothing."""
    Schedule.objects.update_or_create(
        name=SWEEP_SCHEDULE,
        defaults={
            "func": SWEEP_TASK,
            "schedule_type": Schedule.MINUTES,
            "minutes": 1,
            "repeats": -1,
            "cluster": settings.Q_CLUSTER["name"],
        },
    )


class StopAwareCluster(Cluster):  # type: ignore[misc]
    """django-q2's cluster, whose tasks learn that it stops.

    The byte in the pipe is never read: the pipe stays readable for every worker, those born later included.
    """

    stop_pipe: tuple[int, int] | None = None

    def start(self) -> int:
        """Make the pipe before anything is forked, then start as ever."""
        reader, writer = os.pipe()
        StopAwareCluster.stop_pipe = (reader, writer)
        started: int = super().start()
        return started

    def stop(self) -> bool:
        """Tell the tasks, then stop as ever."""
        if StopAwareCluster.stop_pipe is not None:
            os.write(StopAwareCluster.stop_pipe[1], b"x")
        stopped: bool = super().stop()
        return stopped


def stop_reader() -> int | None:
    """Return the file descriptor that becomes readable when the cluster stops; None outside of one."""
    return StopAwareCluster.stop_pipe[0] if StopAwareCluster.stop_pipe else None


def run_drivers_cluster(*, on_worker_born: Any) -> None:
    """Start the cluster, which runs until it is stopped by a signal; each new worker calls `on_worker_born`.

    This process waits for the cluster when it exits.
    """
    post_spawn.connect(on_worker_born, dispatch_uid="renum-worker-born", weak=False)
    schedule_sweep()
    StopAwareCluster().start()
