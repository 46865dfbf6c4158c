"""The whole examination, in two rounds, over within 20 s whatever hangs."""

import time
from collections.abc import Mapping

from django.utils.translation import gettext as _

from renum_site.doctor.clocks import ClockReadings, compare_clocks
from renum_site.doctor.database import look_at_database
from renum_site.doctor.deployment import look_at_deployment
from renum_site.doctor.disk import look_at_disk
from renum_site.doctor.drivers import look_at_drivers
from renum_site.doctor.executions import look_at_executions, look_at_prices
from renum_site.doctor.finding import AREAS, Finding, Report, State
from renum_site.doctor.hiding import hide_in
from renum_site.doctor.mail import look_at_mail
from renum_site.doctor.redis_server import look_at_redis
from renum_site.doctor.schedules import look_at_schedules
from renum_site.doctor.side_by_side import Look, look_side_by_side
from renum_site.doctor.stored_keys import look_at_keys
from renum_site.doctor.suna import look_at_suna
from renum_site.doctor.team_width import look_at_teams

FIRST_ROUND_S = 5.0
"""For the parts that stand by themselves."""

SECOND_ROUND_S = 6.0
"""For those that are read from the database. Together they leave time to start and end within 20 s."""

_UNFIT = frozenset({"reach", "migrations", "hangs", "database_error", "look_failed"})


def examine() -> Report:
    """Look at everything. What needs the database is left out where that is away or has another schema."""
    began = time.monotonic()
    clocks = ClockReadings()
    found = look_side_by_side(
        {
            "database": lambda: look_at_database(clocks),
            "redis": lambda: look_at_redis(clocks),
            "mail": look_at_mail,
            "disk": look_at_disk,
            "deployment": look_at_deployment,
        },
        limit_s=FIRST_ROUND_S,
    )
    from_rows = _looks_at_rows(clocks, redis_answers=_is_fit(found["redis"]))
    if _is_fit(found["database"]):
        found |= look_side_by_side(from_rows, limit_s=SECOND_ROUND_S)
    else:
        found |= {area: [_left_out(area)] for area in from_rows}
    found["clock"] = list(compare_clocks(clocks.take()))
    ordered = [finding for area in AREAS for finding in found[area]]
    return Report(findings=hide_in(ordered), took_s=time.monotonic() - began)


def _looks_at_rows(clocks: ClockReadings, *, redis_answers: bool) -> Mapping[str, Look]:
    return {
        "drivers": lambda: look_at_drivers(redis_answers=redis_answers),
        "schedules": look_at_schedules,
        "keys": look_at_keys,
        "suna": lambda: look_at_suna(clocks),
        "teams": look_at_teams,
        "executions": look_at_executions,
        "prices": look_at_prices,
    }


def _is_fit(findings: list[Finding]) -> bool:
    return not any(found.state is State.ERROR and found.check in _UNFIT for found in findings)


def _left_out(area: str) -> Finding:
    return Finding(
        area=area,
        check="no_database",
        state=State.SKIPPED,
        seen=_("It is read from the database, which is not fit."),
        fix=_("Mend the database first."),
    )
