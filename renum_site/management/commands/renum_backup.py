"""`manage.py renum_backup --to DIR`: one consistent backup of the database, with a manifest."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from executions.upkeep.backup import BackupExists, back_up, server_major
from executions.upkeep.postgres_tools import PostgresTools, ToolFailed
from renum_site.embedded.client_tools import find_client_tools
from renum_site.embedded.errors import ServiceError


class Command(BaseCommand):
    """Safe while everything works. The encryption keys are not in it: keep them elsewhere."""

    help = "Backs the database up into a folder. The encryption keys are not in it: keep them elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the folder."""
        parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="the folder to write into")

    def handle(self, *, to: Path, **_: Any) -> None:
        """Write the backup and say what is in it."""
        try:
            folder, major = find_client_tools(at_least=server_major())
            backup = back_up(to, tools=PostgresTools(folder=folder, major=major))
        except (ServiceError, BackupExists, ToolFailed, OSError) as error:
            raise CommandError(str(error)) from None
        except Error as error:
            raise CommandError(f"PostgreSQL: {str(error).partition(chr(10))[0]}") from None
        counts = backup.manifest.counts
        self.stdout.write(f"{backup.path}  {backup.manifest.bytes:,} bytes")
        self.stdout.write(
            f"{counts['renum_team_executions']} executions and {counts['renum_ai_usage_logs']} ledger rows "
            f"as of {backup.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC."
        )
        self.stdout.write(f"Its secrets open with the encryption keys {', '.join(backup.manifest.key_ids)}.")
