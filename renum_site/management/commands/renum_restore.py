"""`manage.py renum_restore --from FILE --verify`: a backup back into the database that DATABASE_URL names."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from executions.upkeep.backup import server_major
from executions.upkeep.checks import SECRET_UNREADABLE
from executions.upkeep.manifest import ManifestUnusable
from executions.upkeep.operator import operator_name
from executions.upkeep.postgres_tools import PostgresTools
from executions.upkeep.restore import (
    Restored,
    RestoreIncomplete,
    RestoreRefused,
    age_of,
    check_backup,
    release,
    restore,
)
from executions.upkeep.secrets_readable import find_secrets
from executions.upkeep.verify import verify
from renum_site.embedded.client_tools import find_client_tools
from renum_site.embedded.errors import ServiceError
from teams.models.encrypted_text import key_ids


class Command(BaseCommand):
    """Exit code 0: restored. 1: refused or failed, or, with --verify, something in it is wrong."""

    help = "Restores a backup. What was not over waits for a person (needs_review); nothing starts by itself."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the file, what may be overwritten, and whether to verify."""
        parser.add_argument(
            "--from", dest="source", type=Path, required=True, metavar="FILE", help="the backup"
        )
        parser.add_argument(
            "--replace", metavar="NAME", help="the name of the database, to empty it first: all in it is lost"
        )
        parser.add_argument("--verify", action="store_true", help="verify every invariant afterwards")
        parser.add_argument("--by", default="", help="who; the account and the host where it is left out")

    def handle(self, *, source: Path, replace: str | None, verify: bool, by: str, **_: Any) -> None:
        """Restore, tell what there is, and let drivers claim again when it is in order."""
        by = by or operator_name()
        try:
            manifest = check_backup(source)
            folder, major = find_client_tools(at_least=max(server_major(), manifest.tool_major))
            tools = PostgresTools(folder=folder, major=major)
            restored = restore(source, tools=tools, by=by, replace=replace, say=self.stdout.write)
        except (
            ServiceError,
            ManifestUnusable,
            RestoreRefused,
            RestoreIncomplete,
            OSError,
        ) as error:
            raise CommandError(str(error)) from None
        except Error as error:
            raise CommandError(f"PostgreSQL: {str(error).partition(chr(10))[0]}") from None
        self._tell(restored)
        if verify and not self._verify():
            self.stdout.write("Drivers stay held. When it is mended: renum_drain off --restored")
            sys.exit(1)
        release(by=by)

    def _tell(self, restored: Restored) -> None:
        manifest = restored.manifest
        lost_s = age_of(manifest).total_seconds()
        self.stdout.write(
            f"Restored as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC: "
            f"what was done in the {lost_s:.0f} s since is not in it."
        )
        secrets = find_secrets()
        self.stdout.write(f"{secrets.readable_percent:.0f} % of {secrets.stored} stored secrets open.")
        if secrets.unreadable:
            self.stdout.write(
                f"{len(secrets.unreadable)} do not: the backup's encryption keys are "
                f"{', '.join(manifest.key_ids)}, this process has {', '.join(key_ids())}. "
                "Put the missing ones into RENUM_ENCRYPTION_KEYS."
            )

    def _verify(self) -> bool:
        """Return whether all is in order but for secrets, which were told and need keys, not a mend."""
        report = verify()
        wrong = [found for found in report.errors if found.name != SECRET_UNREADABLE.name]
        for found in wrong:
            self.stdout.write(f"{found.count:>7}  {found.name}: {found.breach}")
            for example in found.examples:
                self.stdout.write(f"{'':9}{example}")
        self.stdout.write(f"{report.executions} executions verified: {len(wrong)} errors.")
        return not wrong
