"""`manage.py renum_statements close`: close the months that are over, at any time, as often as one likes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from billing.ledger.statements import GRACE_DAYS, close_statements, last_month_to_close


class Command(BaseCommand):
    """Run twice, it does nothing the second time: what is closed stays closed."""

    help = f"Closes each payer's statement of each month (UTC) that has been over for {GRACE_DAYS} days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the one verb."""
        parser.add_argument("verb", choices=["close"], help="make and close what is due")

    def handle(self, *, verb: str, **_: Any) -> None:
        """Close what is due and tell each statement."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            now = cursor.fetchone()[0]
        self.stdout.write(f"Months up to {last_month_to_close(now):%Y-%m} are over.")
        count = 0
        for statement in close_statements(now=now):
            count += 1
            self.stdout.write(
                f"{statement.month:%Y-%m}  {statement.cost_usd:>20} USD  {statement.payer_name}"
            )
        self.stdout.write(f"{count} statements closed.")
