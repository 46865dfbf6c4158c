"""`manage.py renum_prune`: delete what is older than the retention, while everything works on."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from executions.upkeep.prune import BATCH, PAUSE_S, Pruned, count_prunable, prune


class Command(BaseCommand):
    """Broken off with Ctrl-C, it is begun again at any time: what went is gone, the rest is whole."""

    help = "Deletes finished executions older than RENUM_RETENTION_DAYS, and records that nobody needs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add how much at a time, and whether to count only."""
        parser.add_argument("--dry-run", action="store_true", help="count what would go, delete nothing")
        parser.add_argument("--batch", type=int, default=BATCH, help="executions per transaction, at most")
        parser.add_argument("--pause", type=float, default=PAUSE_S, help="seconds between two transactions")

    def handle(self, *, dry_run: bool, batch: int, pause: float, verbosity: int, **_: Any) -> None:
        """Delete or count, and tell how much."""
        if not 1 <= batch <= 10_000 or not 0 <= pause <= 60:
            raise CommandError("--batch is 1 to 10000, --pause 0 to 60 seconds.")
        days = settings.RETENTION_DAYS
        self.stdout.write(
            f"Executions are kept for {days} days." if days else "Executions are kept for ever."
        )
        pruned = (
            count_prunable()
            if dry_run
            else prune(batch=batch, pause_s=pause, tell=self._tell if verbosity > 1 else None)
        )
        for kind, count in pruned.rows.items():
            self.stdout.write(f"{count:>10}  {kind.replace('_', ' ')} {'would go' if dry_run else 'deleted'}")
        if not dry_run:
            self.stdout.write(f"The longest transaction took {pruned.longest_s:.2f} s.")

    def _tell(self, pruned: Pruned) -> None:
        self.stdout.write(f"  {pruned.rows.get('executions', 0)} executions so far")
