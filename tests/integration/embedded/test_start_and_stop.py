"""The embedded services from the first start to the last stop."""

import json
import socket
import stat
from pathlib import Path

import psycopg
import pytest
import redis

from renum_site.embedded.lifecycle import list_services, stop_unused_services
from renum_site.embedded.state import LOOPBACK
from tests.integration.embedded.conftest import NOTHING, Box

pytestmark = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="reads /proc")


def test_data_is_kept_when_both_services_stop_and_start_again(box: Box) -> None:
    box.start()
    with psycopg.connect(box.address("postgres").postgres_url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with redis.Redis.from_url(box.address("redis").redis_url()) as client:
        client.set("kept", "42")

    assert sorted(box.stop()) == ["postgres", "redis"]
    assert box.processes() == []
    box.start()

    with psycopg.connect(box.address("postgres").postgres_url()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    with redis.Redis.from_url(box.address("redis").redis_url()) as client:
        assert client.get("kept") == b"42"


def test_services_ask_for_a_password_and_listen_on_loopback_only(box: Box) -> None:
    box.start()
    postgres, cache = box.address("postgres"), box.address("redis")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.postgres_url().replace(postgres.password, "wrong"))
    with redis.Redis(port=cache.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    for port in (postgres.port, cache.port):
        assert _listening_addresses(port) == {LOOPBACK}


def test_state_files_are_readable_by_their_owner_only(box: Box) -> None:
    box.start()
    for service in ("postgres", "redis"):
        mode = (box.var / "services" / f"{service}.json").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(box.data.stat().st_mode) == 0o700


def test_redis_keeps_every_write_and_never_evicts(box: Box) -> None:
    box.start()
    with redis.Redis.from_url(box.address("redis").redis_url(), decode_responses=True) as client:
        settings = {
            name: client.config_get(name)[name] for name in ("appendonly", "save", "maxmemory-policy")
        }
    assert settings == {"appendonly": "yes", "save": "", "maxmemory-policy": "noeviction"}


def test_renums_role_is_no_superuser_when_the_server_is_fresh(fresh_box: Box) -> None:
    fresh_box.start()
    with psycopg.connect(fresh_box.address("postgres").postgres_url()) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, True)


def test_status_tells_running_then_stopped(fresh_box: Box) -> None:
    assert [status.status for status in list_services(var=fresh_box.var, external=NOTHING)] == [
        "stopped",
        "stopped",
    ]
    fresh_box.start()
    assert [status.status for status in list_services(var=fresh_box.var, external=NOTHING)] == [
        "running",
        "running",
    ]


def test_a_service_with_an_address_of_its_own_is_neither_started_nor_stopped(fresh_box: Box) -> None:
    started = fresh_box.command("start", DATABASE_URL="postgresql://someone@elsewhere/theirs")
    output, _ = started.communicate(timeout=60)

    assert started.returncode == 0
    assert not fresh_box.data.exists()
    assert "postgres external" in output
    status = fresh_box.command("status", DATABASE_URL="postgresql://someone@elsewhere/theirs")
    assert "redis    running" in status.communicate(timeout=60)[0]


def test_nothing_is_written_when_both_addresses_are_set(fresh_box: Box) -> None:
    urls = {"DATABASE_URL": "postgresql://someone@elsewhere/theirs", "REDIS_URL": "redis://elsewhere"}
    for verb in ("start", "stop", "status"):
        done = fresh_box.command(verb, **urls)
        done.communicate(timeout=60)
        assert done.returncode == 0
    assert not (fresh_box.var / "services" / "postgres").exists()
    assert not (fresh_box.var / "services" / "redis").exists()


def test_services_stay_up_while_somebody_else_is_connected(box: Box) -> None:
    box.start()
    with psycopg.connect(box.address("postgres").postgres_url()) as connection:
        assert not stop_unused_services(var=box.var, external=NOTHING)
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert stop_unused_services(var=box.var, external=NOTHING)
    assert box.processes() == []


def test_two_starts_at_once_agree_on_one_pair_of_servers(fresh_box: Box) -> None:
    first, second = fresh_box.command("start"), fresh_box.command("start")
    outputs = [started.communicate(timeout=90) for started in (first, second)]

    assert (first.returncode, second.returncode) == (0, 0), outputs
    assert outputs[0][0] == outputs[1][0]
    assert (
        json.loads((fresh_box.var / "services" / "redis.json").read_text())["port"]
        == fresh_box.address("redis").port
    )


def _listening_addresses(port: int) -> set[str]:
    """Read the kernel's tables of listening sockets (state 0A); an IPv4 address there is little-endian."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, _, number = local.partition(":")
            if state == "0A" and int(number, 16) == port:
                short = len(address) == 8
                found.add(socket.inet_ntoa(bytes.fromhex(address)[::-1]) if short else address)
    return found
