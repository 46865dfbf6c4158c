"""What a backup says of itself: the small file beside it, by which a restore knows what it has."""

import datetime as dt
import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

FORMAT = 1
OURS = ("teams", "billing", "executions")
BLOCK_BYTES = 1 << 20
DRIVERS = "executions_driver"
"""Goes along because executions point to it, and is emptied at the restore: leases are of one database."""
EMPTIED = "executions_drain"
"""The one table whose rows do not go along: whether drivers are held is a matter of this place and time."""


class ManifestUnusable(Exception):
    """The file beside the backup is missing, or is not what renum_backup writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One backup. `counts` has the rows of each of our tables; `key_ids` name the encryption keys, no more.

    `made_at` is PostgreSQL's time of the snapshot: nothing that was committed later is in it.
    """

    made_at: dt.datetime
    renum: str
    database: str
    server_major: int
    tool_major: int
    migrations: tuple[tuple[str, str], ...]
    counts: dict[str, int]
    key_ids: tuple[str, ...]
    bytes: int
    sha256: str

    def as_json(self) -> str:
        """Return the text of the file."""
        return json.dumps({"format": FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}, indent=1)


def manifest_path(backup: Path) -> Path:
    """Return where the manifest of a backup lies: beside it."""
    return backup.with_name(f"{backup.name}.json")


def read_manifest(backup: Path) -> Manifest:
    """Return the manifest of a backup; raises ManifestUnusable."""
    path = manifest_path(backup)
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        if read.pop("format") != FORMAT:
            raise ManifestUnusable(f"{path.name} is of another format than this Renum reads.")
        migrations = tuple((str(app), str(name)) for app, name in read.pop("migrations"))
        made_at = dt.datetime.fromisoformat(read.pop("made_at"))
        keys = tuple(read.pop("key_ids"))
        return Manifest(**read, migrations=migrations, made_at=made_at, key_ids=keys)
    except OSError as error:
        raise ManifestUnusable(f"{path.name} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ManifestUnusable(f"{path.name} is no manifest of a backup.") from None


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def count_rows() -> dict[str, int]:
    """Return the number of rows of each of our tables that is there, in the transaction around this call."""
    there = set(connection.introspection.table_names())
    # Django's own way to a table's name.
    tables = {model._meta.db_table for label in OURS for model in apps.get_app_config(label).get_models()}  # noqa: SLF001  Django's own name for it, and documented
    counts = {}
    with connection.cursor() as cursor:
        for table in sorted(tables & there - {EMPTIED, DRIVERS}):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608  our own table
            counts[table] = int(cursor.fetchone()[0])
    return counts


def applied_migrations() -> tuple[tuple[str, str], ...]:
    """Return the migrations that the database has, by app and name."""
    loader = MigrationLoader(connection)
    return tuple(sorted(loader.applied_migrations))


def unknown_migrations(manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """Return what the backup's database had and this Renum does not know: it was made by a newer one."""
    loader = MigrationLoader(None)
    known = set(loader.disk_migrations) | set(loader.replacements)
    return tuple(one for one in manifest.migrations if one not in known)


def renum_version() -> str:
    """Return this Renum's version, as its project file says."""
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
