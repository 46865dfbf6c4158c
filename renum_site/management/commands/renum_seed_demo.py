"""`manage.py renum_seed_demo`: the people, the connection and the teams that `make run` starts with."""

import os
import stat
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from renum_site.demo.accounts import FILE_NAME, DemoFileError
from renum_site.demo.seeding import Seeded, seed_site
from renum_site.demo.suna import NoSunaError, read_configured_place
from teams.actions.refusal import Refusal


class Command(BaseCommand):
    """Seeds; a second time it changes nothing but the connection's address and its agents."""

    help = "Make the demo's people, its connection to the configured Suna, and its teams."
    requires_system_checks = []

    def handle(self, **_options: Any) -> None:
        """Seed, and say what there is."""
        if not settings.ALLOW_SIMULATOR:
            msg = "With DEBUG off there are no demo users: make your own, or set RENUM_ALLOW_SIMULATOR=1."
            raise CommandError(msg)
        try:
            seeded = seed_site(var=settings.RENUM_VAR_DIR, place=read_configured_place())
        except (Refusal, NoSunaError, DemoFileError) as error:
            raise CommandError(str(error)) from None
        self._tell(seeded)

    def _tell(self, seeded: Seeded) -> None:
        connection = seeded.connection
        self.stdout.write(f"{connection.name}: {connection.base_url} (profile {connection.wire_profile})")
        self.stdout.write(f"Teams: {', '.join(team.name for team in seeded.teams)}")
        may_tell = _output_is_private()
        for account in seeded.accounts:
            if account.password is None:
                known = "a password that was changed, or was not made here"
            else:
                known = account.password if may_tell else "its password"
            self.stdout.write(f"Log in as {account.user.username} with {known}")
        self.stdout.write(f"The passwords are kept in {settings.RENUM_VAR_DIR / FILE_NAME}")


def _output_is_private() -> bool:
    """Return whether passwords may be written out: to no file, or to one that only its owner reads."""
    try:
        if stat.S_ISREG(os.fstat(1).st_mode):
            os.fchmod(1, 0o600)
    except OSError:
        return False
    return True
