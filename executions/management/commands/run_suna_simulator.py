"""Runs a simulated Suna in this process. For demos, tests and benches; needs no database."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from executions.suna.simulator.command import Wrong, add_options, run


class Command(BaseCommand):
    """Parses the options and serves."""

    help = "Runs a simulated Suna until SIGTERM. See docs/simulator.md."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until a signal."""
        try:
            run(options, announce=self._announce)
        except Wrong as error:
            raise CommandError(str(error)) from error

    def _announce(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
