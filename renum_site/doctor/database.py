"""PostgreSQL: whether it is there, which it is, its schema, its time limits, and room for connections."""

import time
from collections.abc import Iterator

from django.conf import settings
from django.db import Error, connection
from django.utils.translation import gettext as _

from executions.orchestrator.schema_fit import compare_schema
from renum_site.doctor.clocks import ClockReadings
from renum_site.doctor.finding import Finding, State
from renum_site.missing_service import reason_of

OLDEST_VERSION = 140_000
MIN_FREE_CONNECTIONS = 5
PATIENCE_MS = 3000
LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")

_LIMITS = "SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting::bigint = 0 ORDER BY name"
_ROOM = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
    pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool,
    pg_database_size(current_database())
"""


def be_patient_for(milliseconds: int) -> None:
    """Have PostgreSQL break off what takes longer, on this thread's connection until it is closed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [str(milliseconds)])


def look_at_database(clocks: ClockReadings) -> Iterator[Finding]:
    """Look at PostgreSQL; what it says of the time goes to `clocks`."""
    try:
        connection.ensure_connection()
    except Error as error:
        yield _say(
            "reach",
            State.ERROR,
            _("PostgreSQL cannot be used: %(reason)s") % {"reason": reason_of(error)},
            _how_to_start(),
        )
        return
    began = time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        said = float(cursor.fetchone()[0])
    took_s = time.time() - began
    clocks.note("PostgreSQL", said=said, asked_at=began, took_s=took_s)
    yield from _look_at_version(took_s)
    yield from _look_at_limits()
    be_patient_for(PATIENCE_MS)
    yield from _look_at_room()
    yield from _look_at_schema()


def _look_at_version(took_s: float) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
        number, name = cursor.fetchone()
    seen = _("PostgreSQL %(version)s answers in %(ms)s ms.") % {
        "version": name,
        "ms": f"{took_s * 1000:.1f}",
    }
    if number < OLDEST_VERSION:
        yield _say("version", State.ERROR, seen, _("Renum needs PostgreSQL 14 or newer: update it."))
    else:
        yield _say("reach", State.OK, seen)


def _look_at_limits() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(_LIMITS, [list(LIMITS)])
        endless = [row[0] for row in cursor.fetchall()]
    if endless:
        yield _say(
            "time_limits",
            State.WARNING,
            _("The session has no limit: %(names)s.") % {"names": ", ".join(endless)},
            _(
                "Remove options= from DATABASE_URL, or set the limits for the account: ALTER ROLE %(user)s "
                "SET %(name)s = '30s'."
            )
            % {"user": settings.DATABASES["default"]["USER"] or "renum", "name": endless[0]},
        )
    else:
        yield _say("time_limits", State.OK, _("Statements, locks and idle transactions have time limits."))


def _look_at_room() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(_ROOM)
        allowed, used, read_only, size = cursor.fetchone()
    seen = _("%(used)s of %(allowed)s connections are in use; the database holds %(size)s MB.") % {
        "used": used,
        "allowed": allowed,
        "size": size // 1_000_000,
    }
    if allowed - used < MIN_FREE_CONNECTIONS:
        fix = _("Raise max_connections of PostgreSQL, or put a pooler between, and restart it.")
        yield _say("connections", State.WARNING, seen, fix)
    else:
        yield _say("connections", State.OK, seen)
    if read_only:
        yield _say(
            "read_only",
            State.ERROR,
            _("The database takes no writes: it is a standby, or set to read only."),
            _("Let DATABASE_URL name the primary server."),
        )


def _look_at_schema() -> Iterator[Finding]:
    fit = compare_schema()
    if fit.unknown:
        yield _say(
            "migrations",
            State.ERROR,
            _("The database has %(count)s migrations that this version of Renum does not know: %(first)s.")
            % {"count": len(fit.unknown), "first": fit.unknown[0]},
            _("Run the version of Renum that made them."),
        )
    elif fit.missing:
        yield _say(
            "migrations",
            State.ERROR,
            _("The database lacks %(count)s migrations of this version of Renum: %(first)s.")
            % {"count": len(fit.missing), "first": fit.missing[0]},
            _("Run `python manage.py migrate`."),
        )
    else:
        yield _say(
            "migrations", State.OK, _("The database has the migrations of this version, and no others.")
        )


def _how_to_start() -> str:
    if "postgres" in settings.EMBEDDED_SERVICES:
        return _("Start it with `python manage.py services start`.")
    return _("Check DATABASE_URL, and that PostgreSQL runs there and lets this host in.")


def _say(check: str, state: State, seen: str, fix: str = "") -> Finding:
    return Finding(area="database", check=check, state=state, seen=seen, fix=fix)
