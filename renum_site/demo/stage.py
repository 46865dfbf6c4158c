"""What a demo needs: migrations, a simulated Suna, the queue's clusters, the web, and its own rows."""

import contextlib
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from renum_site.demo.seeding import seed_terminal
from renum_site.demo.suna import SunaPlace, read_configured_place
from renum_site.processes import TICK_S, Child, ProcessError, Supervisor, has_said

MANAGE = (sys.executable, str(settings.BASE_DIR / "manage.py"))
WEB_READY = "Uvicorn running on"
SIMULATOR_READY = "Suna simulator"
READY_TIMEOUT_S = 60.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")

# The demo asks over plain HTTP on the loopback, wherever else this site may be served.
WEB_ENV: Mapping[str, str] = {"ALLOWED_HOSTS": "127.0.0.1", "RENUM_HTTPS": "0"}
DEMO_PACE: Mapping[str, str] = {"RENUM_POLL_MIN_S": "0.2", "RENUM_CLAIM_INTERVAL_S": "0.5"}
FAST_PACE: Mapping[str, str] = {
    "RENUM_POLL_MIN_S": "0.05",
    "RENUM_POLL_MAX_S": "0.5",
    "RENUM_CLAIM_INTERVAL_S": "0.2",
}
"""Settings of the drivers; what the environment says wins over them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the two ends of the demo are. `simulator_url` is None where a real Suna is used."""

    web_url: str
    simulator_url: str | None


def build_stage(
    supervisor: Supervisor, *, profile: str, run_seconds: float, pace: Mapping[str, str], var: Path
) -> Stage:
    """Start everything and wait until it is ready; the services run already. Raises ProcessError.

    Whatever needs no other waits for none: a fresh Python with Django takes seconds.
    """
    env = {**pace, **os.environ, **WEB_ENV}
    if settings.SUNA_BASE_URL is None:
        # The demo's person has a connection of their own to the simulator, which is on this machine.
        env["RENUM_SUNA_ALLOWED_HOSTS"] = ",".join([*settings.SUNA_ALLOWED_HOSTS, "127.0.0.1"])
    simulator: Child | None = None
    token = secrets.token_urlsafe(24)
    if settings.SUNA_BASE_URL is None:
        command = _simulator_command(
            profile=profile, run_seconds=run_seconds, token=token, ledger=_fresh_ledger(var)
        )
        simulator = supervisor.start("demo-simulator", command)
    web = supervisor.start("demo-web", _web_command(), env=env)
    _migrate()
    web_url = _wait_for_address(supervisor, web, WEB_READY)
    if simulator is not None:
        # The simulator's agents are on this machine; those of another Suna need the site's own address.
        env["RENUM_PUBLIC_URL"] = web_url
    supervisor.start("demo-drivers", [*MANAGE, "renum_drivers"], env={**env, "Q_CLUSTER_NAME": "drivers"})
    supervisor.start("demo-tasks", [*MANAGE, "renum_tasks"], env={**env, "Q_CLUSTER_NAME": "renum"})
    if simulator is None:
        place, simulator_url = read_configured_place(), None
    else:
        simulator_url = _wait_for_address(supervisor, simulator, SIMULATOR_READY)
        place = SunaPlace(base_url=simulator_url, bearer=token)
    seed_terminal(var=var, place=place, web_url=web_url if simulator_url else None)
    # From here on this process asks the API only.
    connections.close_all()
    return Stage(web_url=web_url, simulator_url=simulator_url)


def stop_at_once(supervisor: Supervisor) -> None:
    """Tell every process to end, then wait for them all: none of them needs another for its end."""
    for child in supervisor.children:
        child.popen.terminate()
    until = time.monotonic() + supervisor.stop_wait_s
    for child in supervisor.children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.popen.wait(timeout=max(0.0, until - time.monotonic()))


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def _fresh_ledger(var: Path) -> Path:
    ledger = var / "demo-ledger.jsonl"
    ledger.unlink(missing_ok=True)
    return ledger


def _simulator_command(*, profile: str, run_seconds: float, token: str, ledger: Path) -> list[str]:
    return [
        *(*MANAGE, "run_suna_simulator", "--profile", profile, "--port", "0"),
        *("--run-seconds", str(run_seconds), "--ledger", str(ledger), "--token", token),
    ]


def _web_command() -> list[str]:
    return [
        *(sys.executable, "-m", "uvicorn", "renum_site.asgi:application"),
        *("--app-dir", str(settings.BASE_DIR), "--host", "127.0.0.1", "--port", "0", "--no-server-header"),
        *("--timeout-graceful-shutdown", "2", "--log-level", "info", "--no-access-log"),
    ]


def _wait_for_address(supervisor: Supervisor, child: Child, sign: str) -> str:
    """Return the address that a child announces in the line with `sign`; its port was the system's choice."""
    until = time.monotonic() + READY_TIMEOUT_S
    is_ready = has_said(sign)
    while not is_ready(child):
        supervisor.check_alive()
        if time.monotonic() > until:
            raise ProcessError(f"{child.name} was not ready after {READY_TIMEOUT_S:g} s ({child.log})")
        time.sleep(TICK_S)
    line = next(line for line in child.output().splitlines() if sign in line)
    found = _ADDRESS.search(line)
    if found is None:
        raise ProcessError(f"{child.name} did not say where it listens ({child.log})")
    return found[0]
