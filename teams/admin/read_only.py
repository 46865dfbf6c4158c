"""Rows that the admin shows and never writes, and how long texts stand in it."""

from typing import Any

from django.http import HttpRequest

MAX_SHOWN_CHARS = 500
"""Of an agent's text the admin shows no more: it is there to recognise a run, not to read it."""


class ReadOnly:
    """Mixed into a ModelAdmin or an inline: no row is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


def excerpt(text: str | None) -> str:
    """Return the beginning of a text of any length; templates escape it."""
    if not text:
        return ""
    return text if len(text) <= MAX_SHOWN_CHARS else text[: MAX_SHOWN_CHARS - 1] + "…"
