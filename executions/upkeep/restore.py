"""Restoring a backup: its rows as they were, and nothing begun a second time because of it.

What the database of the backup did after its snapshot is unknown here: steps may have run, and executions
that were queued may be over. So whatever was not over waits for a person (`paused`, `needs_review`). Before
the first row is there, a hold keeps every driver from claiming anything, and it ends when all that is done.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.functions import Now
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from executions.models import Drain
from executions.upkeep.drain import end_drain
from executions.upkeep.manifest import (
    EMPTIED,
    Manifest,
    count_rows,
    read_manifest,
    sha256_of,
    unknown_migrations,
)
from executions.upkeep.needs_review import hand_over_to_people
from executions.upkeep.postgres_tools import PostgresTools, ToolFailed

LOCK_WAIT_S = 5
NAMED_SESSIONS = 5
# What a role may not see of another's session is null; what is no session of anybody has no role.
_SESSIONS = """
SELECT concat_ws(' ', COALESCE(NULLIF(application_name, ''), usename), host(client_addr), 'pid ' || pid)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
    AND COALESCE(backend_type, 'client backend') = 'client backend' ORDER BY backend_start
"""


class RestoreRefused(Exception):
    """The backup is not restored, and nothing was changed; the message says why."""


class RestoreIncomplete(Exception):
    """The database has not what the backup says. The hold is on: no driver claims anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did: the backup's manifest, and how many executions wait for a person now."""

    manifest: Manifest
    needs_review: int


def check_backup(backup: Path) -> Manifest:
    """Return the manifest of a backup that this Renum can restore, or raise as `restore` does."""
    manifest = read_manifest(backup)
    if not backup.is_file():
        raise RestoreRefused(f"{backup} is not there.")
    if backup.stat().st_size != manifest.bytes or sha256_of(backup) != manifest.sha256:
        raise RestoreRefused(f"{backup.name} is not what was written: its SHA-256 is another.")
    unknown = unknown_migrations(manifest)
    if unknown:
        names = ", ".join(f"{app}.{name}" for app, name in unknown[:3])
        raise RestoreRefused(f"The backup was made by a newer Renum (version {manifest.renum}): {names}.")
    return manifest


def restore(
    backup: Path, *, tools: PostgresTools, by: str, replace: str | None, say: Callable[[str], None]
) -> Restored:
    """Restore a backup into the database of this process and return what came of it.

    `replace` is the name of a database that is not empty and shall be emptied first. `say` hears of each
    part. Raises RestoreRefused, ManifestUnusable, RestoreIncomplete.
    """
    manifest = check_backup(backup)
    _check_redis()
    _take_time()
    _make_room(replace)
    try:
        waiting = _bring_in(backup, manifest, tools=tools, by=by, say=say)
    except (ToolFailed, RedisError) as error:
        name = connection.settings_dict["NAME"]
        message = f"{error} The database is half restored; begin again with --replace {name}."
        raise RestoreIncomplete(message) from None
    say(f"{waiting} executions that were not over wait for a person.")
    return Restored(manifest=manifest, needs_review=waiting)


def _bring_in(
    backup: Path, manifest: Manifest, *, tools: PostgresTools, by: str, say: Callable[[str], None]
) -> int:
    say("The tables are made.")
    _run(tools, backup, "pre-data")
    _hold(backup, by=by)
    say("The rows are read.")
    _run(tools, backup, "data")
    _forget_drivers()
    say("The constraints are checked.")
    _run(tools, backup, "post-data")
    _check_counts(manifest)
    call_command("migrate", interactive=False, verbosity=0)
    return hand_over_to_people(made_at=manifest.made_at, by=by)


def _take_time() -> None:
    """Let this session take as long as it takes: the tables may be large, and nobody else is at work."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET lock_timeout = 0")
        cursor.execute("SET idle_in_transaction_session_timeout = 0")


def release(*, by: str) -> None:
    """Let drivers claim again: the restored database is in order."""
    end_drain(by=by, holds_all=True)


def _check_redis() -> None:
    try:
        get_redis_connection("context").ping()
    except RedisError as error:
        message = f"Redis does not answer ({type(error).__name__}): its copies would be taken for newer ones."
        raise RestoreRefused(message) from None


def _make_room(replace: str | None) -> None:
    name = str(connection.settings_dict["NAME"])
    if replace is not None and replace != name:
        raise RestoreRefused(f"--replace names {replace}, but the database of this process is {name}.")
    tables = connection.introspection.table_names()
    if not tables:
        return
    if replace is None:
        raise RestoreRefused(f"The database {name} has tables. Give an empty one, or --replace {name}.")
    if "executions_driver" in tables and _drivers_alive():
        raise RestoreRefused("Drivers are at work on this database: stop them first.")
    _check_sessions(name)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'")
        cursor.execute("SELECT current_schema()")
        schema = connection.ops.quote_name(cursor.fetchone()[0])
        cursor.execute(f"DROP SCHEMA {schema} CASCADE")
        cursor.execute(f"CREATE SCHEMA {schema}")


def _check_sessions(name: str) -> None:
    """Refuse while anybody else is connected: what they write goes into tables that are about to go."""
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS)
        others = [row[0] for row in cursor.fetchall()]
    if others:
        named = ", ".join(others[:NAMED_SESSIONS]) + (", ..." if len(others) > NAMED_SESSIONS else "")
        raise RestoreRefused(
            f"{len(others)} other sessions use the database {name} ({named}): stop their processes first."
        )


def _drivers_alive() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM executions_driver WHERE lease_until > clock_timestamp())"
        )
        return bool(cursor.fetchone()[0])


def _run(tools: PostgresTools, backup: Path, section: str) -> None:
    tools.run(
        "pg_restore",
        f"--section={section}",
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        str(backup),
    )


def _hold(backup: Path, *, by: str) -> None:
    """Keep drivers off from before the first row on. The table's constraints come with the last section."""
    if EMPTIED not in connection.introspection.table_names():
        raise RestoreIncomplete(
            "The backup is of a Renum that could not be held: restore it with that version."
        )
    Drain.objects.create(
        holds_all=True, reason=f"restore of {backup.name}"[:200], begun_by=by[:150], begun_at=Now()
    )


def _forget_drivers() -> None:
    """Delete the drivers that the backup knew: their leases are of another database."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE renum_team_executions SET driver_id = NULL WHERE driver_id IS NOT NULL")
        cursor.execute("DELETE FROM executions_driver")


def _check_counts(manifest: Manifest) -> None:
    counts = count_rows()
    wrong = [table for table, count in manifest.counts.items() if counts.get(table) != count]
    if wrong:
        raise RestoreIncomplete(f"Other numbers of rows than in the backup: {', '.join(wrong[:5])}.")


def age_of(manifest: Manifest) -> dt.timedelta:
    """Return how long ago the backup was made, by PostgreSQL's clock: what was done since is not in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now - manifest.made_at
