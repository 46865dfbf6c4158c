"""API tokens in the admin: seen and revoked in a list. A new one is shown to its owner only.

A token's key in its table is the hash that it is looked up by. So there is no page for a single one: the hash
would stand in its address, and with that in histories and logs.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from teams.actions.revoke_token import revoke_token
from teams.admin.theme import ModelAdmin
from teams.models import ApiToken


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin[ApiToken]):
    """The list. Who may delete tokens may revoke them."""

    list_display = ("user", "name", "scope", "created", "expiry", "last_used_at")
    list_display_links = None
    list_select_related = ("user",)
    list_filter = ("scope",)
    search_fields = ("user__username", "name")
    actions = ("revoke_selected",)

    def get_urls(self) -> list[URLPattern]:
        """Leave the list alone: every other address holds a row's key."""
        lists = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [route for route in super().get_urls() if getattr(route, "name", None) == lists]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer to revoke, not to delete: that would write the hash into the log of changes."""
        return {name: action for name, action in super().get_actions(request).items() if name in self.actions}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: nobody but the owner may see a new token."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a token is revoked or left as it is."""
        return False

    @admin.action(description=_("Revoke the selected tokens"), permissions=["delete"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Revoke each, and write down who did."""
        if isinstance(request.user, AnonymousUser):
            raise PermissionDenied
        revoked = 0
        for token in queryset.select_related("user"):
            revoke_token(token=token, by=request.user)
            LogEntry.objects.create(
                user=request.user,
                content_type=ContentType.objects.get_for_model(ApiToken),
                object_repr=f"{token.user} {token.name}".strip()[:200],
                action_flag=DELETION,
            )
            revoked += 1
        messages.success(request, _("Tokens revoked: %(count)s.") % {"count": revoked})
