"""`manage.py services start|stop|status`: the embedded PostgreSQL and Redis."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from renum_site.embedded.command import VERBS, run_verb
from renum_site.embedded.errors import ServiceError
from renum_site.embedded.lifecycle import URL_NAMES


class Command(BaseCommand):
    """Starts, stops and describes the services; those with an address of their own are left alone."""

    help = "Start, stop or describe the embedded PostgreSQL and Redis."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the verb and the form of the answer."""
        parser.add_argument("verb", choices=VERBS)
        parser.add_argument("--json", action="store_true", help="print machine-readable output")

    def handle(self, *, verb: str, json: bool, **_options: Any) -> None:
        """Do what the verb says."""
        try:
            run_verb(
                verb,
                var=settings.RENUM_VAR_DIR,
                external=frozenset(URL_NAMES) - settings.EMBEDDED_SERVICES,
                as_json=json,
                say=self.stdout.write,
            )
        except ServiceError as error:
            raise CommandError(str(error)) from None
