"""Backing up: one consistent snapshot in pg_dump's custom format, and a manifest beside it.

The encryption keys are never in it: they are kept apart, and the manifest only names them.
"""

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction

from executions.upkeep.manifest import (
    EMPTIED,
    Manifest,
    applied_migrations,
    count_rows,
    manifest_path,
    renum_version,
    sha256_of,
)
from executions.upkeep.postgres_tools import PostgresTools, ToolFailed
from teams.models.encrypted_text import key_ids


class BackupExists(Exception):
    """There is a file of that name already; nothing was written over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One backup as it was written."""

    path: Path
    manifest: Manifest


def back_up(folder: Path, *, tools: PostgresTools) -> Backup:
    """Write a backup of the database into `folder` and return it; both files are read by this account alone.

    The folder is made where it is missing. Not to be called inside a transaction. Raises BackupExists,
    ToolFailed, OSError; what was begun is removed then.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with transaction.atomic(durable=True):
        made_at, snapshot = _export_snapshot()
        path = folder / f"renum-{made_at:%Y%m%dT%H%M%S}.dump"
        if path.exists() or manifest_path(path).exists():
            raise BackupExists(f"{path} is there already.")
        part = path.with_name(f"{path.name}.part")
        try:
            _dump(part, snapshot, tools)
            manifest = Manifest(
                made_at=made_at,
                renum=renum_version(),
                database=str(connection.settings_dict["NAME"]),
                server_major=server_major(),
                tool_major=tools.major,
                migrations=applied_migrations(),
                counts=count_rows(),
                key_ids=key_ids(),
                bytes=part.stat().st_size,
                sha256=sha256_of(part),
            )
            _write_private(manifest_path(path), manifest.as_json())
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
    _sync_folder(folder)
    return Backup(path=path, manifest=manifest)


def server_major() -> int:
    """Return the major version of the server that this process speaks to."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def _export_snapshot() -> tuple[dt.datetime, str]:
    """Return the time and the name of a snapshot that lasts as long as this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # The dump may take hours, in which this transaction does nothing.
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT clock_timestamp(), pg_export_snapshot()")
        at, name = cursor.fetchone()
    return at, name


def _dump(part: Path, snapshot: str, tools: PostgresTools) -> None:
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BackupExists(f"{part} is there: another backup is at work, or one was broken off.") from None
    try:
        tools.run(
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--exclude-table-data={EMPTIED}",
            f"--snapshot={snapshot}",
            output=descriptor,
        )
        os.fsync(descriptor)
    except ToolFailed:
        part.unlink()
        raise
    finally:
        os.close(descriptor)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
