"""What drivers tell each other of a connection's starts, through Redis: a hint that makes refusals rare.

The hash `renum:gate:<connection id>` has one field a driver (its runs in flight, its steps that wait, until
when that counts) and the field `cap` (the limit that was learned last). All times are PostgreSQL's, in
seconds. Redis being away is no error: each driver then goes on by what it knows itself.
"""

import contextlib
import json
import logging
import math
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from django_redis import get_redis_connection
from redis.exceptions import RedisError

from executions.orchestrator.gate_shares import Demand

logger = logging.getLogger(__name__)

COUNTS_FOR_S = 5.0
KEEP_S = 900
LEAVE_ALONE_S = 5.0
CAP = "cap"
_MOST = 1_000_000
# By so much the clocks of two readings of PostgreSQL's time may differ; what lies further ahead is no time.
AHEAD_AT_MOST_S = 60.0
_NONSENSE = (ValueError, TypeError, KeyError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCap:
    """A limit that some driver learned at `at`; no start before `until`."""

    cap: int
    told: bool
    until: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the other drivers say."""

    demands: Mapping[uuid.UUID, Demand]
    cap: SharedCap | None


class GateShares:
    """One driver's side of the exchange."""

    def __init__(self, driver_id: uuid.UUID) -> None:
        self._driver_id = driver_id
        # A Redis that hangs would otherwise cost its time-out at each call.
        self._away_until = 0.0

    def exchange(
        self, connection_id: uuid.UUID, demand: Demand, *, cap: SharedCap | None, now: float
    ) -> Shared | None:
        """Say what this driver has, and a cap where it is news; return what the others say, None if unknown.

        Another driver's newer cap is never overwritten.
        """
        if time.monotonic() < self._away_until:
            return None
        name = key_of(connection_id)
        mine = {"n": demand.in_flight, "w": demand.waiting, "until": now + COUNTS_FOR_S}
        try:
            client = get_redis_connection("default")
            if cap is not None:
                held = _read_cap(client.hget(name, CAP), now)
                if held is None or held.at < cap.at:
                    client.hset(name, CAP, json.dumps(asdict(cap)))
            with client.pipeline(transaction=False) as pipe:
                pipe.hset(name, str(self._driver_id), json.dumps(mine))
                pipe.expire(name, KEEP_S)
                pipe.hgetall(name)
                stored = pipe.execute()[-1]
        except RedisError as error:
            self._away_until = time.monotonic() + LEAVE_ALONE_S
            logger.warning("Redis is away, each driver limits its starts alone: %s", type(error).__name__)
            return None
        shared, spent = self._read(stored, now)
        if spent:
            with contextlib.suppress(RedisError):
                client.hdel(name, *spent)
        return shared

    def take_back(self, connection_ids: Iterable[uuid.UUID]) -> None:
        """Say nothing of these connections any more: what this driver had goes to the others."""
        try:
            client = get_redis_connection("default")
            for connection_id in connection_ids:
                client.hdel(key_of(connection_id), str(self._driver_id))
        except RedisError as error:
            logger.info("counts of starts not taken back, they run out: %s", type(error).__name__)

    def _read(self, stored: Mapping[bytes, bytes], now: float) -> tuple[Shared, list[bytes]]:
        """Return what others say, and the fields that count no more: their drivers are gone."""
        demands: dict[uuid.UUID, Demand] = {}
        spent = []
        for field, value in stored.items():
            if field in (CAP.encode(), str(self._driver_id).encode()):
                continue
            said, driver_id = _read_demand(value, now), _read_id(field)
            if said is None or driver_id is None:
                spent.append(field)
            else:
                demands[driver_id] = said
        return Shared(demands=demands, cap=_read_cap(stored.get(CAP.encode()), now)), spent


def key_of(connection_id: uuid.UUID) -> str:
    """Return the name of a connection's hash."""
    return f"renum:gate:{connection_id}"


# Everybody on the same Redis may write there: what makes no sense is as good as nothing.


def _read_id(field: bytes) -> uuid.UUID | None:
    try:
        return uuid.UUID(field.decode())
    except ValueError:
        return None


def _read_demand(value: bytes, now: float) -> Demand | None:
    try:
        said = json.loads(value)
        in_flight, waiting, until = int(said["n"]), int(said["w"]), float(said["until"])
    except _NONSENSE:
        return None
    if not (0 <= in_flight <= _MOST and 0 <= waiting <= _MOST and now < until <= now + 2 * COUNTS_FOR_S):
        return None
    return Demand(in_flight=in_flight, waiting=waiting)


def _read_cap(value: bytes | None, now: float) -> SharedCap | None:
    try:
        said = json.loads(value or b"null")
        found = SharedCap(
            cap=int(said["cap"]), told=bool(said["told"]), until=float(said["until"]), at=float(said["at"])
        )
    except _NONSENSE:
        return None
    # One from the future would be newer than whatever is learned, for ever.
    is_sound = 1 <= found.cap <= _MOST and found.at <= now + AHEAD_AT_MOST_S and math.isfinite(found.until)
    return found if is_sound else None
