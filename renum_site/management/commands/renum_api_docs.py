"""`manage.py renum_api_docs`: brings the table of docs/api/addresses.md up to date with the API."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from renum_site.api_addresses import page_with_addresses
from renum_site.api_schema import openapi_document


class Command(BaseCommand):
    """Writes the page anew where something changed; what people wrote on it stays."""

    help = "Bring the table of addresses in docs/api up to date."
    requires_system_checks = []

    def handle(self, **_options: Any) -> None:
        """Write it, and say whether that changed it."""
        path = settings.BASE_DIR / "docs" / "api" / "addresses.md"
        before = path.read_text(encoding="utf-8")
        after = page_with_addresses(before, openapi_document())
        if after != before:
            path.write_text(after, encoding="utf-8")
        self.stdout.write("Up to date." if after == before else "Brought up to date: read the new rows.")
