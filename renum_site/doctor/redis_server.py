"""Redis: whether it is there, which it is, whether it keeps what it is given, and how fast it is."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings
from django.utils.translation import gettext as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from renum_site.doctor.clocks import ClockReadings
from renum_site.doctor.finding import Finding, State
from renum_site.missing_service import reason_of

ANSWERS_WITHIN_S = 3.0
OLDEST_VERSION = (6, 2)
SLOW_MS = 20.0
FULL_AT = 0.9
PROBE_KEY = "renum:doctor"


def look_at_redis(clocks: ClockReadings) -> Iterator[Finding]:
    """Look at Redis; what it says of the time goes to `clocks`. One key is written, for ten seconds."""
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=ANSWERS_WITHIN_S,
        socket_timeout=ANSWERS_WITHIN_S,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    with client:
        try:
            latency_ms = _measure(client, clocks)
            info: dict[str, Any] = client.info()
        except (redis.RedisError, OSError) as error:
            reason = reason_of(error)
            yield _say(
                "reach",
                State.ERROR,
                _("Redis cannot be used: %(reason)s") % {"reason": reason},
                _how_to_start(),
            )
            return
        yield _judge_version(str(info.get("redis_version", "")), latency_ms)
        yield from _look_at_memory(info)
        yield from _look_at_writing(client, info)


def _measure(client: "redis.Redis", clocks: ClockReadings) -> float:
    """Return the median time of an answer in milliseconds; raises RedisError."""
    client.ping()
    took = []
    for _round in range(3):
        began = time.time()
        seconds, microseconds = client.time()
        took.append(time.time() - began)
    clocks.note("Redis", said=seconds + microseconds / 1e6, asked_at=began, took_s=took[-1])
    return statistics.median(took) * 1000


def _judge_version(version: str, latency_ms: float) -> Finding:
    seen = _("Redis %(version)s answers in %(ms)s ms.") % {"version": version, "ms": f"{latency_ms:.1f}"}
    parts = version.split(".")
    if tuple(int(part) for part in parts[:2] if part.isdigit()) < OLDEST_VERSION:
        return _say("version", State.ERROR, seen, _("Renum needs Redis 6.2 or newer: update it."))
    if latency_ms > SLOW_MS:
        fix = _("Put Redis nearer to the drivers, or look at its load with `redis-cli --latency`.")
        return _say("latency", State.WARNING, seen, fix)
    return _say("reach", State.OK, seen)


def _look_at_memory(info: dict[str, Any]) -> Iterator[Finding]:
    policy, most = str(info.get("maxmemory_policy", "")), int(info.get("maxmemory", 0))
    used = int(info.get("used_memory", 0))
    seen = _("It uses %(used)s MB; memory policy: %(policy)s.") % {
        "used": used // 1_000_000,
        "policy": policy or "?",
    }
    if policy != "noeviction":
        # Also without a limit: the next person sets one.
        fix = _("Set maxmemory-policy to noeviction: Redis would throw away messages of the queue.")
        yield _say("memory_policy", State.WARNING, seen, fix)
    elif most and used > most * FULL_AT:
        yield _say("memory", State.WARNING, seen, _("Raise maxmemory: when it is full, nothing is written."))
    else:
        yield _say("memory_policy", State.OK, seen)


def _look_at_writing(client: "redis.Redis", info: dict[str, Any]) -> Iterator[Finding]:
    try:
        client.set(PROBE_KEY, "1", ex=10)
    except (redis.RedisError, OSError) as error:
        yield _say(
            "writing",
            State.ERROR,
            _("Redis takes no writes: %(reason)s") % {"reason": reason_of(error)},
            _("Let REDIS_URL name the primary server, and see that its disk and its memory have room."),
        )
        return
    kept = []
    if int(info.get("aof_enabled", 0)):
        kept.append("AOF")
    if _saves_snapshots(client):
        kept.append("RDB")
    if info.get("rdb_last_bgsave_status", "ok") != "ok" or info.get("aof_last_write_status", "ok") != "ok":
        yield _say(
            "persistence",
            State.WARNING,
            _("Redis could not write itself to its disk."),
            _("Look into its log; nothing of Renum is lost with Redis, but it may refuse writes next."),
        )
    elif kept:
        how = " + ".join(kept)
        yield _say("persistence", State.OK, _("It keeps itself on disk (%(how)s).") % {"how": how})
    else:
        seen = _("It keeps nothing on disk, which is enough: all that counts is in PostgreSQL.")
        yield _say("persistence", State.OK, seen)


def _saves_snapshots(client: "redis.Redis") -> bool:
    """Tell whether snapshots are switched on, as far as this account may know."""
    try:
        return bool(client.config_get("save").get("save"))
    except redis.RedisError:
        return False


def _how_to_start() -> str:
    if "redis" in settings.EMBEDDED_SERVICES:
        return _("Start it with `python manage.py services start`.")
    return _("Check REDIS_URL, and that Redis runs there and lets this host in.")


def _say(check: str, state: State, seen: str, fix: str = "") -> Finding:
    return Finding(area="redis", check=check, state=state, seen=seen, fix=fix)
