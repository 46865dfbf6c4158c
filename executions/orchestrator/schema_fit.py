"""Whether the database has the migrations that this code knows: no fewer, and none that it has never seen.

A process that begins refuses a database that does not fit. One that runs already goes on when newer
migrations appear beneath it: they only add, until no old process is left (docs/operations.md, Deploy).
"""

import functools
from dataclasses import dataclass

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

MAX_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFit:
    """What does not fit, as `app.name`, sorted."""

    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    def describe(self) -> str | None:
        """Return one sentence about what does not fit and what to do; None where all is well."""
        if self.unknown:
            return (
                "The database has migrations that this version of Renum does not know "
                f"({_names(self.unknown)}): run the version that made them."
            )
        if self.missing:
            return (
                f"The database lacks migrations of this version of Renum ({_names(self.missing)}): "
                "run `python manage.py migrate`."
            )
        return None


def compare_schema() -> SchemaFit:
    """Ask PostgreSQL which migrations it has and compare them with ours. Raises OperationalError."""
    applied = set(MigrationRecorder(connection).applied_migrations())
    ours = _read_migrations().disk_migrations
    replaced_by = {old: new for new, migration in ours.items() for old in migration.replaces}
    missing = {
        key
        for key, migration in ours.items()
        if key not in applied
        and replaced_by.get(key) not in applied
        and not (migration.replaces and applied.issuperset(migration.replaces))
    }
    # Those of apps that are not known here too: the next version may have a new one.
    unknown = {key for key in applied if key not in ours and key not in replaced_by}
    return SchemaFit(missing=_sorted(missing), unknown=_sorted(unknown))


@functools.cache
def _read_migrations() -> MigrationLoader:
    return MigrationLoader(None)


def _sorted(keys: set[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(f"{app}.{name}" for app, name in sorted(keys))


def _names(names: tuple[str, ...]) -> str:
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
