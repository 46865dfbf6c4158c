"""`manage.py renum_verify`: whether every invariant of every history holds (reliability §1.2)."""

import datetime as dt
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error
from django.utils.dateparse import parse_date, parse_datetime

from executions.upkeep.checks import Severity
from executions.upkeep.verify import Report, verify


class Command(BaseCommand):
    """Exit code 0: nothing is wrong, warnings aside. 1: something is. 2: it could not be found out."""

    help = "Verifies every invariant on one consistent snapshot. Safe while drivers work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what is asked for and how it is told."""
        parser.add_argument(
            "--quiescent",
            action="store_true",
            help="nothing may be in flight any more",
        )
        parser.add_argument(
            "--since", type=_moment, metavar="TIME", help="only executions created since (ISO 8601, UTC)"
        )
        parser.add_argument("--json", action="store_true", help="print machine-readable output")

    def handle(self, *, quiescent: bool, since: dt.datetime | None, json: bool, **_: Any) -> None:
        """Verify, tell, and end with the exit code."""
        try:
            report = verify(quiescent=quiescent, since=since)
        except Error as error:
            # The first line only: the rest may quote a row.
            self.stderr.write(f"Could not verify: {str(error).partition(chr(10))[0]}")
            sys.exit(2)
        self.stdout.write(_as_json(report) if json else _as_table(report))
        if report.errors:
            sys.exit(1)


def _moment(text: str) -> dt.datetime:
    try:
        moment = parse_datetime(text)
        day = parse_date(text) if moment is None else None
    except ValueError:
        moment = day = None
    if moment is None and day is not None:
        moment = dt.datetime.combine(day, dt.time())
    if moment is None:
        raise ArgumentTypeError(f"{text!r} is no time: write 2026-11-22 or 2026-11-22T15:30Z")
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _as_json(report: Report) -> str:
    return json.dumps(
        {
            "ok": not report.errors,
            "at": report.at.isoformat(),
            "quiescent": report.quiescent,
            "since": None if report.since is None else report.since.isoformat(),
            "executions": report.executions,
            "secrets": report.secrets,
            "findings": [asdict(found) for found in report.findings],
        },
        indent=1,
    )


def _as_table(report: Report) -> str:
    lines = []
    for found in report.findings:
        if found.severity is not Severity.IGNORED:
            mark = "ok" if not found.count else found.severity.value
            lines.append(f"{mark:<8} {found.count:>7}  {found.name:<24} {found.breach}")
            lines += [f"{'':<18}{example}" for example in found.examples]
            if found.count > len(found.examples):
                lines.append(f"{'':<18}... and {found.count - len(found.examples)} more")
    told = "at rest" if report.quiescent else "on a snapshot, at work"
    lines.append(
        f"{report.executions} executions and {report.secrets} secrets verified {told}: "
        f"{len(report.errors)} errors, {len(report.warnings)} warnings."
    )
    return "\n".join(lines)
