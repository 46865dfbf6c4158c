"""Runs the cluster of short tasks: the sweep and the upkeep."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from executions.orchestrator.queue import TASKS
from executions.orchestrator.run_cluster import ClusterRefusedError, run_cluster


class Command(BaseCommand):
    """Run short tasks until SIGTERM or Ctrl-C. Exits with 3 where the database's migrations do not fit."""

    help = "Runs the sweep and other short tasks. Stop it with SIGTERM to this process alone."

    def handle(self, *_: Any, **__: Any) -> None:
        """Run the cluster."""
        try:
            run_cluster(TASKS)
        except ClusterRefusedError as refused:
            raise CommandError(str(refused), returncode=refused.exit_code) from None
