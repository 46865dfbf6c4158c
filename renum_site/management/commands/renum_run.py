"""`manage.py renum_run`: the whole product on one machine, for a browser, until Ctrl-C."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from renum_site.embedded.errors import ServiceError
from renum_site.embedded.lifecycle import URL_NAMES, start_services, stop_unused_services
from renum_site.missing_service import describe_missing_service
from renum_site.processes import (
    ProcessError,
    StopRequestedError,
    Supervisor,
    find_free_port,
    listens_on,
    supervise,
)
from renum_site.start_lock import HeldError, StartLock, hold_start_lock

MANAGE = (sys.executable, str(settings.BASE_DIR / "manage.py"))
SIMULATOR_PORT = 8765


class Command(BaseCommand):
    """Starts services, simulator, workers and web, one after the other; every child reads fresh settings."""

    help = "Run Renum on this machine: services, workers, web and, where no Suna is set, a simulated one."
    requires_system_checks = []
    _external = frozenset(URL_NAMES) - settings.EMBEDDED_SERVICES

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the port of the web server."""
        parser.add_argument(
            "--port", type=int, default=8000, help="the web server's port, or the next free one"
        )

    def handle(self, *, port: int, **_options: Any) -> None:
        """Run until SIGINT or SIGTERM, or until one of the processes ends. One run at a time in a folder."""
        if missing := describe_missing_service():
            raise CommandError(missing)
        var: Path = settings.RENUM_VAR_DIR
        try:
            # A second run would lead the site's connection to a simulator of its own, away from the first.
            with hold_start_lock(var / "run.lock") as lock:
                self._run(port, lock)
        except HeldError as held:
            where = f"runs here already, at {held.said}" if held.said else "is being started here already"
            msg = f"Renum {where}: stop that one with Ctrl-C first."
            raise CommandError(msg) from None

    def _run(self, port: int, lock: StartLock) -> None:
        try:
            with supervise(log_folder=settings.RENUM_VAR_DIR / "log") as supervisor:
                self._start(supervisor, port, lock)
                supervisor.wait()
        except StopRequestedError:
            self.stdout.write(self._stop_services())
        except (ProcessError, ServiceError) as error:
            self.stdout.write(self._stop_services())
            raise CommandError(str(error)) from None

    def _start(self, supervisor: Supervisor, port: int, lock: StartLock) -> None:
        start_services(var=settings.RENUM_VAR_DIR, external=self._external)
        supervisor.run("migrate", [*MANAGE, "migrate", "--noinput"])
        env = dict(os.environ)
        if settings.SUNA_BASE_URL is None:
            env["SUNA_BASE_URL"] = self._start_simulator(supervisor)
        chosen = find_free_port(port)
        if chosen != port:
            self.stdout.write(f"Port {port} is taken; using {chosen}.")
        address = f"http://127.0.0.1:{chosen}"
        if settings.SUNA_BASE_URL is None:
            # The simulator's agents are on this machine; those of another Suna need the site's own address.
            env.setdefault("RENUM_PUBLIC_URL", address)
        seeded = supervisor.run("seed", [*MANAGE, "renum_seed_demo"], env=env)
        supervisor.start("drivers", [*MANAGE, "renum_drivers"], env={**env, "Q_CLUSTER_NAME": "drivers"})
        supervisor.start("tasks", [*MANAGE, "renum_tasks"], env={**env, "Q_CLUSTER_NAME": "renum"})
        supervisor.start(
            "web",
            [
                *(sys.executable, "-m", "uvicorn", "renum_site.asgi:application"),
                *("--host", "127.0.0.1", "--port", str(chosen)),
                *("--timeout-graceful-shutdown", "5", "--no-server-header", "--log-level", "warning"),
            ],
            env=env,
            ready=listens_on(chosen),
        )
        supervisor.check_alive()
        lock.tell(f"{address}/")
        self.stdout.write(seeded.output())
        self.stdout.write(f"Renum is at {address}/ and stops with Ctrl-C.")

    def _stop_services(self) -> str:
        if stop_unused_services(var=settings.RENUM_VAR_DIR, external=self._external):
            return "Stopped. The data is kept for the next start."
        return (
            "Stopped. PostgreSQL and Redis stay up, because somebody else uses them (`make stop` ends them)."
        )

    def _start_simulator(self, supervisor: Supervisor) -> str:
        if not settings.ALLOW_SIMULATOR:
            msg = "With DEBUG off, set SUNA_BASE_URL (or RENUM_ALLOW_SIMULATOR=1)."
            raise CommandError(msg)
        port = find_free_port(SIMULATOR_PORT)
        supervisor.start(
            "simulator",
            [*MANAGE, "run_suna_simulator", "--profile", "2025-08", "--port", str(port)],
            ready=listens_on(port),
        )
        return f"http://127.0.0.1:{port}"
