"""Every change that staff make in the admin, in the audit trail: Django's own log of it can be changed."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model
from django.http import HttpRequest

from teams.actions.audit import record
from teams.models import User

MOST_CHARS = 2000


class OnRecord:
    """Mixed into a ModelAdmin: what Django logs is written down too, in the same transaction."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Log a new row."""
        record("admin_added", by=_person(request), about=obj, details=_told(message))
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Log a change, by the names of the fields; the values are not told."""
        record("admin_changed", by=_person(request), about=obj, details=_told(message))
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Log rows that are about to be deleted."""
        for obj in queryset:
            record("admin_deleted", by=_person(request), about=obj)
        return super().log_deletions(request, queryset)  # type: ignore[misc]


def _person(request: HttpRequest) -> User | None:
    return None if isinstance(request.user, AnonymousUser) else request.user


def _told(message: Any) -> dict[str, Any]:
    """Return what Django says of a change: which fields, and which rows of an inline."""
    parts = message if isinstance(message, list) else [str(message)[:MOST_CHARS]]
    return {"what": parts} if parts else {}
