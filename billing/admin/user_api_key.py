"""Users' keys: who has one for what. The value goes in through one's own form and is shown nowhere."""

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from billing.actions.delete_user_key import delete_user_key
from billing.actions.store_user_key import KeyRefused, check_service_name, store_user_key
from billing.models import UserApiKey
from billing.models.user_api_key import KEY_PATTERN
from teams.admin.theme import ModelAdmin, ModelForm
from teams.models import User

if TYPE_CHECKING:
    PasswordInput = forms.PasswordInput
else:
    from unfold.widgets import UnfoldAdminPasswordWidget as PasswordInput


class KeyForm(ModelForm[UserApiKey]):
    """One's own key for a service. A key that is there for it is replaced."""

    key = forms.CharField(
        label=_("Key"),
        strip=False,
        widget=PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text=_(
            "Stored encrypted and never shown again. A key that you have for the service is replaced."
        ),
    )

    class Meta:
        model = UserApiKey
        fields = ("service_name",)

    def clean_service_name(self) -> str:
        """Return the service's name as it is stored."""
        try:
            return check_service_name(self.cleaned_data["service_name"])
        except KeyRefused:
            raise forms.ValidationError(
                _("A service's name has 1 to 40 letters, digits and inner hyphens."), code="invalid_service"
            ) from None

    @sensitive_variables()
    def clean_key(self) -> str:
        """Return the key, checked by the rule of the action that stores it."""
        key: str = self.cleaned_data["key"]
        if re.fullmatch(KEY_PATTERN, key.strip(" \t")) is None:
            raise forms.ValidationError(
                _("A key has 8 to 4096 visible ASCII characters, no spaces and no line breaks."),
                code="invalid_key",
            )
        return key


@admin.register(UserApiKey)
class UserApiKeyAdmin(ModelAdmin[UserApiKey]):
    """Keys by their fingerprint. The encrypted column stays in the database."""

    form = KeyForm
    list_display = ("user", "service_name", "fingerprint", "created_at", "updated_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "service_name", "fingerprint")
    fields = ("user", "service_name", "fingerprint", "created_at", "updated_at", "last_used_at")

    def get_fields(self, request: HttpRequest, obj: UserApiKey | None = None) -> Any:
        """Ask for service and key where one is added, show the rest where there is one."""
        return ("service_name", "key") if obj is None else self.fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a key is replaced by its owner or deleted."""
        return False

    @method_decorator(sensitive_post_parameters("key"))
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Add one's own key; an error report leaves it out."""
        return super().add_view(request, form_url, extra_context)

    @sensitive_variables()
    def save_model(self, request: HttpRequest, obj: UserApiKey, form: Any, change: bool) -> None:
        """Store the key as that of the person who asks: nobody stores one for somebody else."""
        stored = store_user_key(
            user=_staff_of(request),
            service=form.cleaned_data["service_name"],
            key=form.cleaned_data["key"],
            now=timezone.now(),
        )
        # What follows (the log, the redirect) looks at this object.
        obj.pk, obj.fingerprint = stored.row.pk, stored.row.fingerprint

    def delete_model(self, request: HttpRequest, obj: UserApiKey) -> None:
        """Delete through the action, which writes it down."""
        delete_user_key(user=obj.user, service=obj.service_name, by=_staff_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserApiKey]) -> None:
        """Delete each through the action."""
        for row in queryset.select_related("user"):
            delete_user_key(user=row.user, service=row.service_name, by=_staff_of(request))


def _staff_of(request: HttpRequest) -> User:
    if isinstance(request.user, AnonymousUser):
        raise PermissionDenied
    return request.user
