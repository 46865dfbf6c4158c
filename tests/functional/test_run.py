"""`make run` from nothing: everything comes up, answers, and is gone after Ctrl-C, with its data kept."""

import fcntl
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from renum_site.cli import ApiClient
from renum_site.demo.accounts import DEMO, read_passwords
from renum_site.embedded.lifecycle import stop_services
from renum_site.embedded.state import is_alive

BASE_DIR = Path(__file__).resolve().parents[2]
PORT = 28_000
OTHER_PORT = 28_200


@contextmanager
def running_product(var: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    env = {
        **kept,
        "DJANGO_SETTINGS_MODULE": "renum_site.settings",
        "RENUM_VAR_DIR": str(var),
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        [sys.executable, "manage.py", "renum_run", "--port", str(port)],
        cwd=BASE_DIR,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as product:
        try:
            yield product
        finally:
            if product.poll() is None:
                product.send_signal(signal.SIGTERM)
                product.wait(timeout=120)


def wait_for_address(product: "subprocess.Popen[str]") -> str:
    assert product.stdout is not None
    said = []
    for line in product.stdout:
        said.append(line)
        if match := re.search(r"Renum is at (http://\S+)/ ", line):
            return match[1]
    pytest.fail("renum_run ended before it was ready: " + "".join(said))


def processes_with(text: str) -> list[int]:
    """Processes whose environment holds `text`, zombies not counted: theirs is empty."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                environment = (process / "environ").read_bytes()
            except OSError:
                continue
            if text.encode() in environment:
                found.append(int(process.name))
    return found


@pytest.fixture
def alone() -> Iterator[None]:
    """Wait until no other process runs such a test: each looks for its free ports from the same ones on."""
    with (Path(tempfile.gettempdir()) / "renum-run-tests.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def var(alone: None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="renum-run-"))
    folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    yield folder
    stop_services(var=folder, external=frozenset())
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.mark.timeout(300)
def test_everything_is_up_and_then_gone_after_ctrl_c_when_the_machine_is_fresh(var: Path) -> None:
    for _start in ("first", "second"):
        with running_product(var, PORT) as product:
            address = wait_for_address(product)
            assert httpx.get(f"{address}/readyz", timeout=60).json()["status"] == "ready"
            product.send_signal(signal.SIGINT)
            rest, _ = product.communicate(timeout=120)
        assert product.returncode == 0, rest
        assert "The data is kept" in rest
        assert not is_alive(var, "postgres")
        assert not is_alive(var, "redis")
        until = time.monotonic() + 60
        while left := processes_with(f"RENUM_VAR_DIR={var}"):
            assert time.monotonic() < until, left
            time.sleep(0.1)
    assert (var / "services" / "postgres" / "data" / "PG_VERSION").exists()


@pytest.mark.timeout(300)
def test_a_second_run_in_the_same_folder_is_refused_and_leaves_the_first_as_it_is(var: Path) -> None:
    with (
        running_product(var, PORT) as product,
        ApiClient(f"{wait_for_address(product)}/api/v1/") as api,
    ):
        api.sign_in(username=DEMO, password=read_passwords(var)[DEMO], name="test", scope="read")
        # `checked_at` would tell of a connection that was led elsewhere.
        before = api.list_all("connections")
        assert "Talking team" in {team["name"] for team in api.list_all("teams")}
        assert sum(agent["has_team_server"] for agent in api.list_all("agents")) == 3

        with running_product(var, OTHER_PORT) as second:
            said, _ = second.communicate(timeout=120)

        running = (var / "run.lock").read_text()
        assert second.returncode == 1
        assert (
            said == f"CommandError: Renum runs here already, at {running}: stop that one with Ctrl-C first.\n"
        )
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", running)
        assert product.poll() is None
        assert len(before) == 1
        assert api.list_all("connections") == before
