"""Runs the cluster that drivers live on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from executions.orchestrator.queue import DRIVERS
from executions.orchestrator.run_cluster import ClusterRefusedError, run_cluster
from executions.orchestrator.wake import forget_queued_wake_up, wake_drivers


class Command(BaseCommand):
    """Run drivers until SIGTERM or Ctrl-C. Exits with 3 where the database's migrations do not fit."""

    help = "Runs the drivers, which carry executions. Stop it with SIGTERM to this process alone."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run the cluster."""
        try:
            run_cluster(DRIVERS, on_worker_born=_wake_for_new_worker)
        except ClusterRefusedError as refused:
            raise CommandError(str(refused), returncode=refused.exit_code) from None


def _wake_for_new_worker(**_: Any) -> None:
    # A worker that was killed leaves executions behind; the one born in its place takes them up. A wake-up
    # that the dead one swallowed must not keep this one from being queued.
    forget_queued_wake_up()
    wake_drivers()
