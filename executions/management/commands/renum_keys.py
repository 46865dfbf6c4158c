"""`manage.py renum_keys check | rotate`: which encryption keys the stored secrets need, and changing that."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from executions.upkeep.rotate_secrets import find_state, rotate_secrets

SAY_EACH = 1000


class Command(BaseCommand):
    """Exit code 0: all open with the newest key. 1: some need an older one. 2: some open with none."""

    help = "Tells which encryption keys the stored secrets need, or encrypts all of them with the newest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the verb."""
        parser.add_argument("verb", choices=["check", "rotate"])
        parser.add_argument(
            "--dry-run", action="store_true", help="with rotate: only tell what would be done"
        )

    def handle(self, *, verb: str, dry_run: bool, **_: Any) -> None:
        """Do it, tell counts, and end with the exit code."""
        if verb == "rotate":
            rotated = rotate_secrets(dry_run=dry_run, say=self._say)
            would = "would be rotated" if dry_run else "rotated"
            self.stdout.write(f"{rotated.changed} secrets {would}.")
            if rotated.kept:
                self.stdout.write(f"{rotated.kept} were replaced by somebody meanwhile, and are new.")
        state = find_state()
        for name, count in state.by_key.items():
            newest = ", which encrypts" if name == state.newest else ""
            self.stdout.write(f"key {name}{newest}: {count} secrets")
        for row in state.unreadable:
            self.stdout.write(self.style.ERROR(f"opens with none of the keys: {row}"))
        if state.unreadable:
            self.stdout.write("Bring back the key they were made with, behind the new one.")
            sys.exit(2)
        if state.on_old_keys:
            self.stdout.write("Older keys are needed still: run `renum_keys rotate` before they go.")
            sys.exit(1)
        self.stdout.write("Every secret opens with the newest key: older ones may go.")

    def _say(self, done: int) -> None:
        if done % SAY_EACH == 0:
            self.stdout.write(f"{done} ...")
