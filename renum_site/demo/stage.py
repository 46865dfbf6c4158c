"""What a demo needs running: services, migrations, a simulated Suna, the queue's clusters, and the web."""

import os
import re
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from renum_site.embedded.lifecycle import URL_NAMES, start_services
from renum_site.processes import TICK_S, Child, ProcessError, Supervisor, has_said

MANAGE = (sys.executable, str(settings.BASE_DIR / "manage.py"))
WEB_READY = "Uvicorn running on"
SIMULATOR_READY = "Suna simulator"
READY_TIMEOUT_S = 60.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")

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
    supervisor: Supervisor, *, profile: str, run_seconds: float, pace: Mapping[str, str], ledger: Path
) -> Stage:
    """Start everything and wait until it is ready. Raises ProcessError and ServiceError.

    Whatever needs no other waits for none: a fresh Python with Django takes seconds.
    """
    start_services(var=settings.RENUM_VAR_DIR, external=frozenset(URL_NAMES) - settings.EMBEDDED_SERVICES)
    env = {**pace, **os.environ, **_web_env()}
    simulator: Child | None = None
    if settings.SUNA_BASE_URL is None:
        token = secrets.token_urlsafe(24)
        simulator = _start_simulator(
            supervisor, profile=profile, run_seconds=run_seconds, token=token, ledger=ledger
        )
    web = supervisor.start("demo-web", _web_command(), env=env)
    supervisor.run("demo-migrate", [*MANAGE, "migrate", "--noinput"])
    supervisor.start("demo-drivers", [*MANAGE, "renum_drivers"], env={**env, "Q_CLUSTER_NAME": "drivers"})
    supervisor.start("demo-queue", [*MANAGE, "qcluster"], env={**env, "Q_CLUSTER_NAME": "renum"})
    simulator_url: str | None = None
    if simulator is not None:
        simulator_url = _wait_for_address(supervisor, simulator, SIMULATOR_READY)
        env |= {
            "SUNA_BASE_URL": simulator_url,
            "SUNA_BEARER_TOKEN": token,
            "SUNA_API_KEY": "",
            "SUNA_PROFILE": "",
        }
    supervisor.run("demo-seed", [*MANAGE, "renum_seed_demo", "--terminal"], env=env)
    return Stage(web_url=_wait_for_address(supervisor, web, WEB_READY), simulator_url=simulator_url)


def _start_simulator(
    supervisor: Supervisor, *, profile: str, run_seconds: float, token: str, ledger: Path
) -> Child:
    ledger.unlink(missing_ok=True)
    return supervisor.start(
        "demo-simulator",
        [
            *(*MANAGE, "run_suna_simulator", "--profile", profile, "--port", "0"),
            *("--run-seconds", str(run_seconds), "--ledger", str(ledger), "--token", token),
        ],
    )


def _web_command() -> list[str]:
    return [
        *(sys.executable, "-m", "uvicorn", "renum_site.asgi:application"),
        *("--app-dir", str(settings.BASE_DIR), "--host", "127.0.0.1", "--port", "0", "--no-server-header"),
        *("--timeout-graceful-shutdown", "2", "--log-level", "info", "--no-access-log"),
    ]


def _web_env() -> dict[str, str]:
    # The demo asks over plain HTTP on the loopback, wherever else this site may be served.
    return {"ALLOWED_HOSTS": "127.0.0.1", "RENUM_HTTPS": "0"}


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
