"""Runs the cluster that drivers live on."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand

from executions.orchestrator.queue import DRIVERS, start_drivers_cluster
from executions.orchestrator.wake import forget_queued_wake_up, wake_drivers
from executions.orchestrator.watch import keep_watch


class Command(BaseCommand):
    """Run drivers until SIGTERM or Ctrl-C. Signal this process only, never its whole group."""

    help = "Runs the drivers, which carry executions. Stop it with SIGTERM to this process alone."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run the cluster; django-q2 reads its name from the environment before anything else."""
        # manage.py sets the name; whoever comes another way, or with another cluster's name, begins again.
        if os.environ.get("Q_CLUSTER_NAME") != DRIVERS:
            environment = {**os.environ, "Q_CLUSTER_NAME": DRIVERS}
            os.execve(sys.executable, [sys.executable, *sys.argv], environment)  # noqa: S606  our own command line
        keep_watch(start_drivers_cluster(on_worker_born=_wake_for_new_worker))


def _wake_for_new_worker(**_: Any) -> None:
    # A worker that was killed leaves executions behind; the one born in its place takes them up. A wake-up
    # that the dead one swallowed must not keep this one from being queued.
    forget_queued_wake_up()
    wake_drivers()
