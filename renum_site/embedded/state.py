"""Where the services live, which ports and passwords they have, and the locks that say who is alive.

Life is told by a lock, never by a process id: each service inherits an open, locked file from whoever
starts it, and the kernel drops that lock only when the last process of the service is gone. A stale pid
file, an empty one, or an id that now belongs to somebody else cannot mislead it.
"""

import contextlib
import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from renum_site.embedded.errors import ServiceError
from renum_site.private_file import give_to_folder_owner, write_private

LOOPBACK = "127.0.0.1"
DATABASE = "renum"
DATABASE_USER = "renum"
ALIVE_WAIT_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where one service listens on the loopback interface, and its password."""

    port: int
    password: str
    admin_password: str = ""

    def postgres_url(self, database: str = DATABASE) -> str:
        """Return the address of `database` for Renum's own role."""
        return f"postgresql://{DATABASE_USER}:{quote(self.password)}@{LOOPBACK}:{self.port}/{database}"

    def redis_url(self, number: int = 0) -> str:
        """Return the address of the Redis database with that number."""
        return f"redis://:{quote(self.password)}@{LOOPBACK}:{self.port}/{number}"


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of the services below `var`, Renum's folder for what it writes."""

    var: Path

    @property
    def services(self) -> Path:
        """The folder with the state file and the locks."""
        return self.var / "services"

    def state_file(self, service: str) -> Path:
        """Return the file that keeps a service's port and passwords."""
        return self.services / f"{service}.json"


def read_address(var: Path, service: str) -> Address | None:
    """Return what is known of a service, or None where it was never started or its file is unusable."""
    try:
        return Address(**json.loads(Places(var).state_file(service).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except PermissionError:
        msg = (
            f"{Places(var).services} belongs to another user: set RENUM_VAR_DIR to a folder of your own, "
            "or DATABASE_URL and REDIS_URL to services of your own."
        )
        raise ServiceError(msg) from None
    except (ValueError, TypeError):
        return None


def write_address(var: Path, service: str, address: Address) -> None:
    """Keep a service's port and passwords; the file is whole or absent, and only its owner reads it."""
    target = Places(var).state_file(service)
    fresh = target.with_suffix(f".{os.getpid()}.new")
    write_private(fresh, json.dumps(asdict(address)))
    give_to_folder_owner(fresh)
    fresh.replace(target)


def new_password() -> str:
    """Return a password that needs no quoting anywhere."""
    return secrets.token_urlsafe(24)


def port_is_free(port: int) -> bool:
    """Return whether nobody listens on that loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_port(preferred: int | None = None) -> int:
    """Return `preferred` while it is free, else any free port."""
    if preferred and port_is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Let one process at a time start or stop the services below `var`; others wait their turn."""
    path = Places(var).services / "lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except PermissionError as error:
        msg = f"{error.filename} cannot be written: set RENUM_VAR_DIR to a folder of your own."
        raise ServiceError(msg) from None
    except OSError as error:
        msg = f"{path.parent} cannot be used: {error.strerror}."
        raise ServiceError(msg) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def take_life_lock(var: Path, service: str) -> int | None:
    """Return the open, locked file to hand to the service, or None while a process of it is alive."""
    descriptor = os.open(Places(var).services / f"{service}.alive", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_alive(var: Path, service: str) -> bool:
    """Return whether any process of the service is alive, be it unable to answer."""
    if not Places(var).services.is_dir():
        return False
    descriptor = take_life_lock(var, service)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def wait_until_dead(var: Path, service: str, *, timeout_s: float = ALIVE_WAIT_S) -> bool:
    """Wait for the service's last process to go; return whether it went."""
    until = time.monotonic() + timeout_s
    while is_alive(var, service):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
