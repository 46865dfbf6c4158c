"""`manage.py renum_drain on|off|status`: let what is under way end, and begin nothing new."""

import math
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from executions.orchestrator.wake import wake_drivers
from executions.upkeep.drain import (
    InFlight,
    begin_drain,
    count_in_flight,
    end_drain,
    find_drain,
    wait_for_rest,
)
from executions.upkeep.operator import operator_name


class Command(BaseCommand):
    """Exit code 0: done, and with --wait nothing is in flight. 1: something still was at the end."""

    help = "Drain: drivers begin nothing new, what is under way goes on to its end. Survives restarts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the verb, how long to wait, and what the audit shall say."""
        parser.add_argument("verb", choices=("on", "off", "status"))
        parser.add_argument(
            "--wait", type=_seconds, metavar="S", help="wait until nothing is in flight, at most S seconds"
        )
        parser.add_argument("--reason", default="", help="why; the status shows it")
        parser.add_argument("--by", default="", help="who; the account and the host where it is left out")

        parser.add_argument(
            "--restored", action="store_true", help="with off: end the hold that a failed restore left behind"
        )

    def handle(
        self, *, verb: str, wait: float | None, reason: str, by: str, restored: bool, **_: Any
    ) -> None:
        """Do what the verb says."""
        if restored and verb != "off":
            raise CommandError("--restored goes with off only: it ends what a failed restore left behind.")
        if wait is not None and verb == "off":
            raise CommandError("--wait goes with on and status: after off new executions begin.")
        by = by or operator_name()
        if verb == "on":
            begin_drain(by=by, reason=reason)
        elif verb == "off":
            if not end_drain(by=by, holds_all=restored):
                self.stdout.write("No restore held anything." if restored else "No drain was on.")
            wake_drivers()
        self._describe()
        left = count_in_flight() if wait is None else wait_for_rest(timeout_s=wait)
        self._tell(left)
        if wait is not None and left.count:
            sys.exit(1)

    def _describe(self) -> None:
        drain = find_drain()
        if drain is None:
            self.stdout.write("Not draining: drivers begin what is queued.")
            return
        what = "A restore holds every execution" if drain.holds_all else "Draining"
        why = f": {drain.reason}" if drain.reason else ""
        ends = "off --restored" if drain.holds_all else "off"
        self.stdout.write(f"{what}, {drain}{why}. It goes on until renum_drain {ends}.")

    def _tell(self, left: InFlight) -> None:
        if not left.count:
            self.stdout.write("Nothing is in flight.")
            return
        self.stdout.write(f"{left.count} in flight:")
        for one in left.first:
            self.stdout.write(f"  {one.execution_id}  {one.status}, {one.runs} runs")
        if left.count > len(left.first):
            self.stdout.write(f"  ... and {left.count - len(left.first)} more")


def _seconds(text: str) -> float:
    """Return a number of seconds that is no less than 0 and has an end."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise ArgumentTypeError(f"{text} is no number of seconds")
    return seconds
