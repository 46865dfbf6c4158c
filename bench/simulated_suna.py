"""The simulated Suna in its own process, and the clock readings that are taken there.

All times are the simulator's own: when a run ended, and when a request arrived. So Renum and plain HTTP are
measured by one clock, outside of both.
"""

import json
import sys
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.situations import BenchError
from renum_site.processes import Supervisor

PROFILE = "2025-08"
TOKEN = "simulated-token-of-a-bench"  # noqa: S105  the simulator's, which runs for a minute
MAX_ENTRIES = 100_000
_PAGE = 5_000
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it arrived: `at` is its time, `over_at` when it was answered."""

    operation: str
    thread_id: str | None
    body_bytes: int
    at: float
    over_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the simulator saw since a reset: its requests, oldest first, and of each thread what ran there.

    `ended_at` holds when a thread's run was completed, `starts_of_thread` how many runs were started in it.
    """

    requests: tuple[Request, ...]
    ended_at: dict[str, float]
    starts_of_thread: dict[str, int]


@dataclass(frozen=True, slots=True)
class SimulatedSuna:
    """A running simulator."""

    url: str

    def reset(self) -> int:
        """Forget every run and request; return the mark to look from."""
        return int(self._call("POST", "reset")["last_seq"])

    def look(self, *, since: int) -> Seen:
        """Return what was seen since a reset's mark."""
        runs = self._call("GET", "runs")["runs"]
        return Seen(
            requests=tuple(self._requests(since)),
            ended_at={run["thread_id"]: run["ended_t"] for run in runs if run["status"] == "completed"},
            starts_of_thread=dict(Counter(run["thread_id"] for run in runs)),
        )

    def _requests(self, since: int) -> list[Request]:
        found: list[Request] = []
        while True:
            page = self._call("GET", f"ledger?since={since}&limit={_PAGE}")
            if not page["complete"]:
                raise BenchError("The simulator has forgotten requests: the situation is too large for it.")
            found += [_request(entry) for entry in page["entries"]]
            if len(page["entries"]) < _PAGE:
                return found
            since = page["entries"][-1]["seq"]

    def _call(self, method: str, path: str) -> Any:
        request = urllib.request.Request(f"{self.url}/_simulator/{path}", method=method)  # noqa: S310  the loopback
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310  the loopback
            return json.loads(answer.read())


def start_simulator(supervisor: Supervisor, *, manage: Path, folder: Path) -> SimulatedSuna:
    """Start a simulator on a free port and wait until it accepts."""
    port_file = folder / "simulator.port"
    port_file.unlink(missing_ok=True)
    argv = [sys.executable, str(manage), "run_suna_simulator", "--profile", PROFILE, "--port", "0"]
    argv += ["--port-file", str(port_file), "--token", TOKEN, "--max-entries", str(MAX_ENTRIES)]
    supervisor.start("simulator", argv, ready=lambda _child: port_file.exists())
    return SimulatedSuna(f"http://127.0.0.1:{int(port_file.read_text())}")


def _request(entry: dict[str, Any]) -> Request:
    return Request(
        operation=entry["operation"] or entry["path"],
        thread_id=entry["thread_id"],
        body_bytes=entry["body_bytes"],
        at=entry["t"],
        over_at=entry["t"] + (entry["answered_after_s"] or 0.0),
    )
