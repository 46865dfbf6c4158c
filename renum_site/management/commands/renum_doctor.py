"""`manage.py renum_doctor`: whether everything that Renum needs is well, and how what is not is mended."""

import json
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.core.management.color import color_style, no_style

from renum_site.doctor.examination import examine
from renum_site.doctor.finding import Finding, Report, State

_MARKS = {State.OK: "ok", State.WARNING: "LOOK", State.ERROR: "BROKEN", State.SKIPPED: "-"}
_STYLES = {State.OK: "SUCCESS", State.WARNING: "WARNING", State.ERROR: "ERROR", State.SKIPPED: "HTTP_INFO"}


class Command(BaseCommand):
    """Exit code 0: all is well, or nothing worse than a warning. 1: warnings, with --strict. 2: errors."""

    help = "Looks at everything that Renum needs and says how what is not well is mended; over within 20 s."
    # The doctor makes them itself, and says what they say among the rest.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add how it is told and what counts."""
        parser.add_argument("--json", action="store_true", help="print machine-readable output")
        parser.add_argument("--strict", action="store_true", help="exit with 1 where there are warnings")

    def handle(self, *, json: bool, strict: bool, no_color: bool, force_color: bool, **_: Any) -> None:
        """Examine, tell, and end with the exit code."""
        report = examine()
        in_color = force_color or (not no_color and self.stdout.isatty())
        style = color_style(force_color=True) if in_color else no_style()
        self.stdout.write(_as_json(report) if json else _as_text(report, style))
        code = 2 if report.errors else 1 if strict and report.warnings else 0
        if any(found.check == "hangs" for found in report.findings):
            # A thread that hangs inside a driver's own code must not hold up the end.
            self.stdout.flush()
            os._exit(code)
        if code:
            sys.exit(code)


def _as_json(report: Report) -> str:
    return json.dumps(
        {
            "ok": not report.errors,
            "errors": len(report.errors),
            "warnings": len(report.warnings),
            "took_s": round(report.took_s, 3),
            "findings": [
                {
                    "area": found.area,
                    "check": found.check,
                    "state": found.state.value,
                    "seen": found.seen,
                    "fix": found.fix,
                }
                for found in report.findings
            ],
        },
        indent=1,
    )


def _as_text(report: Report, style: Any) -> str:
    lines: list[str] = []
    area = ""
    for found in report.findings:
        if found.area != area:
            area = found.area
            lines.append(style.MIGRATE_HEADING(found.area_words))
        lines += _lines_of(found, style)
    told = f"{len(report.errors)} broken, {len(report.warnings)} to look at"
    lines.append(f"{told}; examined in {report.took_s:.1f} s.")
    return "\n".join(lines)


def _lines_of(found: Finding, style: Any) -> list[str]:
    mark = getattr(style, _STYLES[found.state])(f"{_MARKS[found.state]:<7}")
    lines = [f"  {mark} {found.seen}"]
    if found.fix:
        lines.append(f"          -> {found.fix}")
    return lines
