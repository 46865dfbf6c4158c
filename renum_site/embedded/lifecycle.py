"""Start, stop and describe both services; where an address is set from outside, that one is left alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from renum_site.embedded import postgres, redis
from renum_site.embedded.errors import ServiceError
from renum_site.embedded.state import LOOPBACK, is_alive, only_one, read_address

URL_NAMES: Mapping[str, str] = {postgres.SERVICE: "DATABASE_URL", redis.SERVICE: "REDIS_URL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """How one service stands: `running`, `stopped`, `not answering`, or `external` (its address is set)."""

    name: str
    status: str
    address: str
    data: str


def start_services(*, var: Path, external: frozenset[str]) -> list[ServiceStatus]:
    """Start whatever does not run; safe to call from several processes at once."""
    with only_one(var):
        if postgres.SERVICE not in external:
            postgres.start(var)
        if redis.SERVICE not in external:
            redis.start(var)
    return list_services(var=var, external=external)


def stop_services(*, var: Path, external: frozenset[str]) -> list[str]:
    """Stop what we started and return the names of those that ran."""
    if not (var / "services").is_dir():
        return []
    with only_one(var):
        stopped = [redis.SERVICE] if redis.SERVICE not in external and redis.stop(var) else []
        if postgres.SERVICE not in external and postgres.stop(var):
            stopped.append(postgres.SERVICE)
    return stopped


def stop_unused_services(*, var: Path, external: frozenset[str]) -> bool:
    """Stop what we started unless somebody else is connected; return whether nothing of it is left."""
    if postgres.SERVICE not in external and postgres.is_in_use(var):
        return False
    stop_services(var=var, external=external)
    return True


def list_services(*, var: Path, external: frozenset[str]) -> list[ServiceStatus]:
    """Return how each service stands, asking it."""
    return [_describe(name, var, external=name in external) for name in URL_NAMES]


def _describe(name: str, var: Path, *, external: bool) -> ServiceStatus:
    if external:
        return ServiceStatus(name=name, status="external", address=f"as {URL_NAMES[name]} says", data="")
    known = read_address(var, name)
    try:
        if name == postgres.SERVICE:
            server = postgres.find_server(var)
            data, up = server.data, bool(known and postgres.answers(server, known))
            alive = up or is_alive(var, name)
        else:
            cache = redis.find_server(var)
            data, up = cache.home, bool(known and redis.answers(cache, known))
            alive = up or is_alive(var, name)
    except ServiceError as error:
        return ServiceStatus(name=name, status=f"unavailable: {error}", address="", data="")
    status = "running" if up else "not answering" if alive else "stopped"
    return ServiceStatus(
        name=name, status=status, address=f"{LOOPBACK}:{known.port}" if known and up else "", data=str(data)
    )
