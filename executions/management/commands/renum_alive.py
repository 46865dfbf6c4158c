"""Says whether the clusters of this host take tasks: for health checks of containers and for people."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from executions.orchestrator.queue import DRIVERS, TASKS
from executions.orchestrator.sign_of_life import find_signs


class Command(BaseCommand):
    """Exit with 0 where each cluster asked for runs here and has lately proven that workers take tasks."""

    help = "Exits with 0 if the clusters of this host prove that their workers take tasks, else with 1."
    # A health check runs twice a minute: it asks neither PostgreSQL nor Redis, nor checks the settings.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the name of one cluster."""
        parser.add_argument(
            "--cluster", choices=(DRIVERS, TASKS), help="look at this one only; both when left out"
        )

    def handle(self, *, cluster: str | None, **_: Any) -> None:
        """Look at the signs of life of this host."""
        for name in [cluster] if cluster else [DRIVERS, TASKS]:
            self._check(name)

    def _check(self, name: str) -> None:
        limit_s = settings.ORCHESTRATOR.alive_within_s
        signs = find_signs(name)
        if not signs:
            raise CommandError(f"No cluster {name} runs on this host.")
        for sign in signs:
            if sign.age_s is None or sign.age_s > limit_s:
                age = "never" if sign.age_s is None else f"{sign.age_s:.0f} s ago"
                raise CommandError(f"Cluster {name} (process {sign.pid}) proved itself {age}.")
            self.stdout.write(f"Cluster {name} (process {sign.pid}) took a task {sign.age_s:.0f} s ago.")
