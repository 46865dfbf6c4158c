"""Choosing a connection without decrypting the credentials of all of them."""

from typing import Any

from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest

from teams.models import SunaConnection


def connections_without_credential() -> QuerySet[SunaConnection]:
    """Return all connections with their credential left in the database."""
    return SunaConnection.objects.defer("sealed_credential")


class ConnectionChoices:
    """Mixed into a ModelAdmin whose form has a connection."""

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer connections without their credential."""
        if db_field.related_model is SunaConnection:
            kwargs["queryset"] = connections_without_credential()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
