"""What goes wrong on real machines: kill -9, stale files, taken ports, lost state, other users."""

import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from renum_site.embedded import account
from renum_site.embedded.errors import ServiceError
from renum_site.embedded.state import LOOPBACK, is_alive
from tests.fixtures.ending import kill_9
from tests.integration.embedded.conftest import BASE_DIR, Box

pytestmark = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="reads /proc")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def postgres_answers(box: Box) -> bool:
    with psycopg.connect(box.address("postgres").postgres_url()) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_postgres_starts_again_when_its_postmaster_was_killed_under_load(box: Box) -> None:
    box.start()
    with psycopg.connect(box.address("postgres").postgres_url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        box.kill_9("postgres")
        # The backend of the open connection lives on for a moment and holds the shared memory.
        box.start()
    with psycopg.connect(box.address("postgres").postgres_url()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_redis_keeps_what_it_acknowledged_when_it_was_killed(box: Box) -> None:
    box.start()
    with redis.Redis.from_url(box.address("redis").redis_url()) as client:
        for number in range(500):
            client.set(f"key:{number}", number)
    # Every write was handed to the kernel before its answer, so only a power cut could lose it.
    box.kill_9("redis-server")
    box.start()
    with redis.Redis.from_url(box.address("redis").redis_url()) as client:
        assert client.dbsize() == 500


@pytest.mark.parametrize(
    "content", ["", "garbage\n", None], ids=["empty", "half-written", "id of a living process"]
)
def test_postgres_starts_when_its_pid_file_is_stale(box: Box, content: str | None) -> None:
    box.start()
    box.kill_9("postgres")
    deadline = time.monotonic() + 20
    while is_alive(box.var, "postgres"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    owner = box.data.stat()
    # A process of the same account, so that PostgreSQL by itself would take the id for its own server's.
    living = subprocess.Popen(["sleep", "60"], **account.Account(owner.st_uid, owner.st_gid).run_as())
    try:
        stale = box.data / "postmaster.pid"
        stale.write_text(content if content is not None else f"{living.pid}\n{box.data}\n1\n1\n\n\n\n")
        os.chown(stale, owner.st_uid, owner.st_gid)

        box.start()

        assert postgres_answers(box)
        box.stop()
        assert living.poll() is None
    finally:
        living.kill()
        living.wait()


@pytest.mark.parametrize("service", ["postgres", "redis"])
def test_another_port_is_chosen_when_somebody_took_the_old_one(box: Box, service: str) -> None:
    box.start()
    old = box.address(service).port
    box.stop()
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind((LOOPBACK, old))
        taker.listen()

        box.start()

        assert box.address(service).port != old
        assert postgres_answers(box)


def test_the_old_port_is_kept_when_it_is_free(box: Box) -> None:
    box.start()
    old = (box.address("postgres").port, box.address("redis").port)
    box.stop()
    box.start()
    assert (box.address("postgres").port, box.address("redis").port) == old


@pytest.mark.parametrize("content", [None, "{", "{}"], ids=["gone", "cut", "empty"])
def test_services_start_with_new_passwords_when_the_state_files_are_lost(
    box: Box, content: str | None
) -> None:
    box.start()
    with psycopg.connect(box.address("postgres").postgres_url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    box.stop()
    for service in ("postgres", "redis"):
        state = box.var / "services" / f"{service}.json"
        state.unlink()
        if content is not None:
            state.write_text(content)

    box.start()

    with psycopg.connect(box.address("postgres").postgres_url()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_running_postgres_is_never_doubled_when_its_state_file_is_lost(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.start()
    kept = (box.var / "services" / "postgres.json").read_text()
    (box.var / "services" / "postgres.json").unlink()
    monkeypatch.setattr("renum_site.embedded.postgres.START_TIMEOUT_S", 2)

    with pytest.raises(ServiceError, match="is alive but does not answer"):
        box.start()

    (box.var / "services" / "postgres.json").write_text(kept)
    assert postgres_answers(box)


def test_half_made_data_is_made_anew_when_the_first_start_was_cut_short(fresh_box: Box) -> None:
    half = fresh_box.var / "services" / "postgres" / "data.new"
    fresh_box.start()
    fresh_box.stop()
    owner = fresh_box.data.stat()
    shutil.rmtree(fresh_box.data)
    half.mkdir()
    (half / "PG_VERSION").write_text("1")
    os.chown(half, owner.st_uid, owner.st_gid)

    fresh_box.start()

    assert postgres_answers(fresh_box)
    assert not half.exists()


def test_services_outlive_the_process_that_started_them(fresh_box: Box) -> None:
    started = fresh_box.command("start")
    started.communicate(timeout=60)
    assert started.returncode == 0
    assert postgres_answers(fresh_box)


def test_a_foreign_version_of_the_data_is_refused_in_one_sentence(box: Box) -> None:
    box.start()
    box.stop()
    (box.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(ServiceError, match="was written by PostgreSQL 12"):
        box.start()


def test_a_full_disk_is_told_in_one_sentence(fresh_box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renum_site.embedded.postgres.MIN_FREE_BYTES", 10**18)
    with pytest.raises(ServiceError, match=r"MB of disk under .* MB are free"):
        fresh_box.start()


def test_a_missing_wheel_is_told_with_the_name_of_the_setting(
    fresh_box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ServiceError, match="set DATABASE_URL"):
        fresh_box.start()


def test_redis_of_the_machine_is_used_when_its_wheel_is_missing(
    fresh_box: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from renum_site.embedded import redis as embedded_redis

    somebody = account.Account(os.geteuid(), os.getegid())
    wheels_own = embedded_redis.find_binary(somebody)
    (tmp_path / "redis-server").symlink_to(wheels_own)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded_redis.find_binary(somebody) == tmp_path / "redis-server"
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ServiceError, match="set REDIS_URL"):
        embedded_redis.find_binary(somebody)


@needs_root
def test_services_run_as_nobody_when_root_starts_them(box: Box) -> None:
    box.start()
    nobody = pwd.getpwnam("nobody").pw_uid
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in box.processes()} == {nobody}


ORDINARY_USER = """
import os, pathlib, sys
import psycopg
from renum_site.embedded.lifecycle import start_services, stop_services
from renum_site.embedded.state import read_address

# Rights are dropped after the imports: the interpreter itself may lie where an ordinary user cannot go.
"".encode("idna")
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[3]))
var = pathlib.Path(sys.argv[1])
start_services(var=var, external=frozenset())
psycopg.connect(read_address(var, "postgres").postgres_url()).close()
print(stop_services(var=var, external=frozenset()))
"""


@needs_root
def test_an_ordinary_user_starts_uses_and_stops_the_services(fresh_box: Box) -> None:
    user = pwd.getpwnam("nobody")
    os.chown(fresh_box.var, user.pw_uid, user.pw_gid)

    done = subprocess.run(
        [sys.executable, "-c", ORDINARY_USER, str(fresh_box.var), str(user.pw_gid), str(user.pw_uid)],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        timeout=90,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['redis', 'postgres']"
    assert fresh_box.data.stat().st_uid == user.pw_uid


@needs_root
def test_data_and_binaries_move_when_nobody_cannot_enter_the_folder(fresh_box: Box) -> None:
    closed = fresh_box.var / "closed"
    closed.mkdir(mode=0o700)
    inner = Box(closed / "var")
    moved = account.choose_home(inner.var / "services")
    try:
        inner.start()

        assert postgres_answers(inner)
        assert not inner.data.exists()
        assert (moved / "postgres" / "data").exists()
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        inner.stop()
    finally:
        kill_9(inner.processes())
        shutil.rmtree(moved)


@needs_root
def test_binaries_are_copied_when_their_folder_is_closed(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    closed = tmp_path / "closed"
    (closed / "tree" / "bin").mkdir(parents=True)
    (closed / "tree" / "bin" / "tool").write_text("#!/bin/sh\necho it runs\n")
    (closed / "tree" / "bin" / "tool").chmod(0o755)
    closed.chmod(0o700)
    who = account.Account(nobody.pw_uid, nobody.pw_gid)

    copy = account.reachable_copy(closed / "tree", who)

    try:
        ran = subprocess.run([str(copy / "bin" / "tool")], capture_output=True, text=True, **who.run_as())
        assert (copy != closed / "tree", ran.stdout) == (True, "it runs\n")
    finally:
        shutil.rmtree(copy)


@needs_root
def test_a_folder_that_somebody_else_planted_is_refused(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(planted, nobody.pw_uid, nobody.pw_gid)
    with pytest.raises(ServiceError, match="was not made by this user"):
        account.make_open_folder(planted)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(ServiceError, match="was not made by this user"):
        account.make_open_folder(link)
