"""`manage.py renum_demo`: the example teams end to end, in a terminal."""

import datetime as dt
import os
import signal
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from renum_site.demo.accounts import DemoFileError
from renum_site.demo.follow import DemoFailedError
from renum_site.demo.play import Playbill, play
from renum_site.demo.screen import open_screen
from renum_site.demo.stage import DEMO_PACE, FAST_PACE, build_stage, stop_at_once
from renum_site.embedded.errors import ServiceError
from renum_site.embedded.lifecycle import URL_NAMES, start_services
from renum_site.embedded.state import read_address
from renum_site.missing_service import describe_missing_service
from renum_site.processes import ProcessError, StopRequestedError, Supervisor, supervise
from renum_site.start_lock import HeldError, hold_start_lock
from teams.actions.refusal import Refusal

RUN_SECONDS, FAST_RUN_SECONDS = 0.4, 0.1
STOP_WAIT_S = 10.0


class Command(BaseCommand):
    """Starts what a demo needs, plays it, stops everything; exits 0 only where all went as it should."""

    help = "Run the example teams, on a simulated Suna unless SUNA_BASE_URL is set, and show what they do."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add how fast, how long and on which kind of Suna."""
        parser.add_argument("--fast", action="store_true", help="let simulated agents and drivers hurry")
        parser.add_argument("--together", action="store_true", help="run the three executions side by side")
        parser.add_argument(
            "--deadline", type=float, default=120.0, help="seconds for all executions together"
        )
        parser.add_argument(
            "--profile",
            choices=("2025-08", "seed"),
            default="2025-08",
            help="the simulated Suna's wire profile",
        )

    def handle(self, *, fast: bool, together: bool, deadline: float, profile: str, **_options: Any) -> None:
        """Play the demo. A stop by a signal exits with 128 and its number."""
        if not settings.ALLOW_SIMULATOR:
            msg = "With DEBUG off there is no demo (unless RENUM_ALLOW_SIMULATOR=1)."
            raise CommandError(msg)
        if missing := describe_missing_service():
            raise CommandError(missing)
        var: Path = settings.RENUM_VAR_DIR
        began = time.monotonic()
        try:
            _start_services()
            with (
                hold_start_lock(var / "demo.lock"),
                supervise(log_folder=var / "log", stop_wait_s=STOP_WAIT_S) as supervisor,
            ):
                try:
                    self._play(
                        supervisor, var, fast=fast, together=together, deadline_s=deadline, profile=profile
                    )
                finally:
                    stop_at_once(supervisor)
        except (StopRequestedError, KeyboardInterrupt) as stop:
            self.stderr.write("Stopped. No process of the demo is left.")
            number = signal.Signals[str(stop)] if isinstance(stop, StopRequestedError) else signal.SIGINT
            sys.exit(128 + number)
        except HeldError:
            msg = "Another demo is under way here: wait until it has ended."
            raise CommandError(msg) from None
        except (DemoFailedError, ProcessError, ServiceError, DemoFileError, Refusal) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"Done in {time.monotonic() - began:.0f} s. `make run` shows these executions in a browser; "
            "PostgreSQL and Redis stay up until `make stop`."
        )

    def _play(
        self,
        supervisor: Supervisor,
        var: Path,
        *,
        fast: bool,
        together: bool,
        deadline_s: float,
        profile: str,
    ) -> None:
        screen = open_screen(sys.stdout, now=lambda: dt.datetime.now(dt.UTC))
        if settings.SUNA_BASE_URL is None:
            screen.say(
                f"Suna is simulated (profile {profile}): the agents' answers are scripted, their models too."
            )
        else:
            screen.say(f"Suna is the one at {settings.SUNA_BASE_URL}.")
        screen.say("Starting the queue's workers and the web server ...")
        stage = build_stage(
            supervisor,
            profile=profile,
            run_seconds=FAST_RUN_SECONDS if fast else RUN_SECONDS,
            pace=FAST_PACE if fast else DEMO_PACE,
            var=var,
        )
        bill = Playbill(
            stage=stage,
            var=var,
            together=together,
            deadline_s=deadline_s,
            check_alive=supervisor.check_alive,
        )
        play(bill, screen=screen)


def _start_services() -> None:
    """Start PostgreSQL and Redis. Where they got other addresses than this process knows, it begins anew."""
    var: Path = settings.RENUM_VAR_DIR
    start_services(var=var, external=frozenset(URL_NAMES) - settings.EMBEDDED_SERVICES)
    known = {"postgres": settings.DATABASE_URL, "redis": settings.REDIS_URL}
    if any(known[name] != _address_of(var, name) for name in settings.EMBEDDED_SERVICES):
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606  our own command line


def _address_of(var: Path, service: str) -> str | None:
    address = read_address(var, service)
    if address is None:
        return None
    return address.postgres_url() if service == "postgres" else address.redis_url()
