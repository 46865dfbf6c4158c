"""Who carries executions: the clusters of this host, the drivers of all hosts, and what waits for them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from executions.orchestrator.claim import count_claimable, find_longest_wait_s
from executions.orchestrator.queue import DRIVERS, TASKS, count_queued
from executions.orchestrator.sign_of_life import find_signs
from executions.orchestrator.swept import find_swept_at
from executions.upkeep.drain import find_drain
from renum_site.doctor.database import PATIENCE_MS, be_patient_for
from renum_site.doctor.finding import Finding, State
from teams.models.database_time import database_now

START_DRIVERS = "python manage.py renum_drivers"
START_TASKS = "python manage.py renum_tasks"
FULL_AT = 0.9
LATE_BEAT_S = 10.0
LONG_WAIT_S = 60.0
LATE_SWEEP_S = 180.0
MANY_MESSAGES = 100
"""The limits of the alerts in docs/operations.md."""

_DRIVERS = """
SELECT
    count(*) FILTER (WHERE lease_until >= now()), count(DISTINCT host) FILTER (WHERE lease_until >= now()),
    COALESCE(sum(in_flight) FILTER (WHERE lease_until >= now()), 0),
    COALESCE(sum(capacity) FILTER (WHERE lease_until >= now()), 0),
    COALESCE(max(extract(epoch FROM now() - beat_at))
        FILTER (WHERE lease_until >= now() AND NOT stopping), 0),
    count(*) FILTER (WHERE lease_until < now() - interval '2 minutes')
FROM executions_driver
"""


@dataclass(frozen=True, slots=True)
class _Drivers:
    """The drivers of all hosts: how many live, on how many hosts, their load, the oldest beat, the dead."""

    alive: int
    hosts: int
    in_flight: int
    capacity: int
    oldest_beat_s: float
    expired: int


def look_at_drivers(*, redis_answers: bool) -> Iterator[Finding]:
    """Look at clusters, drivers and what waits; without Redis its part is left out."""
    be_patient_for(PATIENCE_MS)
    yield from _look_at_clusters()
    with connection.cursor() as cursor:
        cursor.execute(_DRIVERS)
        alive, hosts, in_flight, capacity, beat_s, expired = cursor.fetchone()
    drivers = _Drivers(alive, hosts, int(in_flight), int(capacity), float(beat_s), expired)
    yield from _judge_drivers(drivers)
    yield from _look_at_waiting(drivers)
    drain = find_drain()
    if drain is not None:
        yield _say(
            "drain",
            State.WARNING,
            _("Nothing new is begun since %(time)s UTC: %(who)s drains.")
            % {"time": f"{drain.begun_at:%Y-%m-%d %H:%M}", "who": drain.begun_by},
            _("When the work is done: `python manage.py renum_drain off`."),
        )
    if redis_answers:
        try:
            yield from _look_at_messages()
        except (RedisError, OSError):
            yield _say("queue", State.SKIPPED, _("Redis went away while its queue was looked at."))


def _look_at_clusters() -> Iterator[Finding]:
    limit_s = settings.ORCHESTRATOR.alive_within_s
    for name, command in ((DRIVERS, START_DRIVERS), (TASKS, START_TASKS)):
        check = f"cluster_{name}"
        signs = find_signs(name)
        late = [sign for sign in signs if sign.age_s is None or sign.age_s > limit_s]
        if late:
            yield _say(
                check,
                State.ERROR,
                _("The cluster %(name)s (process %(pid)s) has not proven itself for %(seconds)s s.")
                % {"name": name, "pid": late[0].pid, "seconds": f"{late[0].age_s or limit_s:.0f}"},
                _("It begins itself anew; if it does not, restart it: `%(command)s`.") % {"command": command},
            )
        elif signs:
            yield _say(check, State.OK, _("The cluster %(name)s of this host takes tasks.") % {"name": name})
        else:
            yield _say(
                check,
                State.WARNING,
                _("No cluster %(name)s runs on this host.") % {"name": name},
                _("Start it with `%(command)s`, unless it runs on another host.") % {"command": command},
            )


def _judge_drivers(drivers: _Drivers) -> Iterator[Finding]:
    if drivers.alive:
        seen = _("%(alive)s drivers on %(hosts)s hosts hold %(held)s of %(capacity)s executions.") % {
            "alive": drivers.alive,
            "hosts": drivers.hosts,
            "held": drivers.in_flight,
            "capacity": drivers.capacity,
        }
        if drivers.in_flight > drivers.capacity * FULL_AT:
            fix = _("Start drivers on another host, or raise RENUM_DRIVERS_WORKERS or RENUM_CAPACITY.")
            yield _say("capacity", State.WARNING, seen, fix)
        else:
            yield _say("capacity", State.OK, seen)
    if drivers.oldest_beat_s > LATE_BEAT_S:
        yield _say(
            "beat",
            State.WARNING,
            _("A driver has given no sign of life for %(seconds)s s.")
            % {"seconds": f"{drivers.oldest_beat_s:.0f}"},
            _("Look at the load of its host and of PostgreSQL."),
        )
    if drivers.expired:
        yield _say(
            "expired",
            State.WARNING,
            _("%(count)s drivers died and were not swept away.") % {"count": drivers.expired},
            _("Start the short tasks: `%(command)s`.") % {"command": START_TASKS},
        )


def _look_at_waiting(drivers: _Drivers) -> Iterator[Finding]:
    count, longest_s = count_claimable(), find_longest_wait_s() or 0.0
    if not count:
        yield _say("waiting", State.OK, _("No execution waits for a driver."))
        return
    seen = _("%(count)s executions wait for a driver, the oldest for %(seconds)s s.") % {
        "count": count,
        "seconds": f"{longest_s:.0f}",
    }
    fix = _("Start drivers: `%(command)s`.") % {"command": START_DRIVERS}
    if not drivers.alive and longest_s > settings.ORCHESTRATOR.lease_ttl_s:
        yield _say("waiting", State.ERROR, seen, fix)
    elif longest_s > LONG_WAIT_S:
        yield _say("waiting", State.WARNING, seen, fix)
    else:
        yield _say("waiting", State.OK, seen)


def _look_at_messages() -> Iterator[Finding]:
    depths = {name: count_queued(name) for name in (DRIVERS, TASKS)}
    stuck = {name: depth for name, depth in depths.items() if depth > MANY_MESSAGES}
    if stuck:
        names = ", ".join(f"{name} {depth}" for name, depth in stuck.items())
        yield _say(
            "queue",
            State.WARNING,
            _("Messages that nobody takes lie in the queue: %(depths)s.") % {"depths": names},
            _("See on each host whether its clusters live: `python manage.py renum_alive`."),
        )
    else:
        yield _say("queue", State.OK, _("No messages pile up in the queue."))
    swept_at = find_swept_at()
    age_s = None if swept_at is None else (database_now() - swept_at).total_seconds()
    if age_s is None or age_s > LATE_SWEEP_S:
        when = (
            _("Nobody knows when") if age_s is None else _("%(seconds)s s ago") % {"seconds": f"{age_s:.0f}"}
        )
        yield _say(
            "sweep",
            State.WARNING,
            _("Last sweep: %(when)s. Late usage and lost wake-ups wait for it.") % {"when": when},
            _("Start the short tasks: `%(command)s`.") % {"command": START_TASKS},
        )
    else:
        seconds = f"{max(0.0, age_s):.0f}"
        yield _say("sweep", State.OK, _("The last sweep ended %(seconds)s s ago.") % {"seconds": seconds})


def _say(check: str, state: State, seen: str, fix: str = "") -> Finding:
    return Finding(area="drivers", check=check, state=state, seen=seen, fix=fix)
