"""The simulator as its own process, and its control plane."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60
# Not by manage.py, which loads the whole product: 1.5 s of CPU instead of 0.25 for each of hundreds.
SIMULATOR = (sys.executable, "-m", "executions.suna.simulator")


@dataclass(frozen=True)
class SimulatedSuna:
    url: str

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def fail(
        self,
        operation: str,
        *,
        times: int = 1,
        contains: str | None = None,
        probability: float = 1.0,
        seed: int = 0,
        **effect: Any,
    ) -> None:
        """Make the next calls of an operation fail, of the runs whose prompt contains a text."""
        rule = {"operation": operation, "times": times, "contains": contains, "do": effect}
        self._call("POST", "faults", {**rule, "probability": probability, "seed": seed})

    def set_options(self, **options: Any) -> None:
        """Change what its operator could change."""
        self._call("PATCH", "options", options)

    def clear_faults(self) -> None:
        """Drop all rules and open all barriers."""
        self._call("DELETE", "faults", None)

    def release(self, barrier: str) -> None:
        """Let all who wait at a barrier go, and all who come later."""
        self._call("POST", f"barriers/{barrier}/release", {})

    def starts(self) -> int:
        """Return how many runs were started."""
        count: int = self.get("summary")["starts"]
        return count

    def reset(self) -> None:
        self._call("POST", "reset", {})

    def _call(self, method: str, path: str, body: Any) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the loopback
            f"{self.url}/_simulator/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else None


@contextmanager
def simulate(
    profile: str, variant: str | None, *, folder: Path, tokens: Sequence[str]
) -> Iterator[SimulatedSuna]:
    """Run a simulator until the caller leaves."""
    port_file = folder / f"{profile}-{variant}.port"
    command = [*SIMULATOR, "--profile", profile, "--port", "0"]
    command += ["--port-file", str(port_file), "--strict-agents", "--run-seconds", "0.05"]
    command += ["--variant", variant] if variant else []
    for token in tokens:
        command += ["--token", token]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        give_up_at = time.monotonic() + START_TIMEOUT_S
        while not port_file.exists() or not port_file.read_text().strip():
            assert process.poll() is None, "the simulator ended at once"
            assert time.monotonic() < give_up_at, "the simulator did not start"
            time.sleep(0.02)
        yield SimulatedSuna(url=f"http://127.0.0.1:{int(port_file.read_text())}")
    finally:
        process.terminate()
        process.wait(timeout=30)
