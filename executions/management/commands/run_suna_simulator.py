"""Runs a simulated Suna in this process. For demos, tests and benches; needs no database."""

from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from executions.suna.simulator.profiles import PROFILES
from executions.suna.simulator.server import serve
from executions.suna.simulator.settings import SimulatorSettings


class Command(BaseCommand):
    """Parses the options and serves."""

    help = "Runs a simulated Suna until SIGTERM."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options; `SimulatorSettings` says what they mean."""
        names = ", ".join(
            f"{name}/{variant}" if variant else name
            for name, wire in sorted(PROFILES.items())
            for variant in wire.variants
        )
        parser.add_argument("--profile", default="2025-08", help=f"{names}; without a variant its last")
        parser.add_argument("--variant", help="in place of the one behind the profile's stroke")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
        parser.add_argument("--port-file", type=Path, help="is written when requests are accepted")
        parser.add_argument("--ledger", type=Path, help="JSON lines, appended")
        parser.add_argument("--speed", type=float, default=1.0)
        parser.add_argument("--run-seconds", type=float, default=0.4)
        parser.add_argument("--token", action="append", default=[], help="repeat for several")
        parser.add_argument("--parallel-limit", type=int)
        parser.add_argument("--active-runs", action=BooleanOptionalAction, help="the list of active runs")
        parser.add_argument("--max-entries", type=int, default=20_000, help="of the ledger, in memory")
        agents = parser.add_mutually_exclusive_group()
        agents.add_argument("--any-agent", dest="strict_agents", action="store_false", default=False)
        agents.add_argument("--strict-agents", dest="strict_agents", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until a signal."""
        if options["speed"] <= 0 or options["run_seconds"] < 0:
            raise CommandError("--speed must be above 0 and --run-seconds not below 0")
        profile, _, variant = options["profile"].partition("/")
        settings = SimulatorSettings(
            profile=profile,
            variant=options["variant"] or variant or None,
            run_seconds=options["run_seconds"],
            speed=options["speed"],
            tokens=tuple(options["token"]),
            active_runs=options["active_runs"],
            strict_agents=options["strict_agents"],
            parallel_limit=options["parallel_limit"],
            ledger_path=options["ledger"],
            max_entries=options["max_entries"],
        )
        try:
            serve(
                settings,
                host=options["host"],
                port=options["port"],
                port_file=options["port_file"],
                announce=self._announce,
            )
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _announce(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
