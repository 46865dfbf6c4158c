"""People, groups and API tokens in the admin's theme."""

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from teams.admin.theme import ModelAdmin
from teams.models import ApiToken, User

if TYPE_CHECKING:
    from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

    PersonBase = UserChangeForm[User]
    PersonAdminBase = DjangoUserAdmin[User]
else:
    from unfold.forms import AdminPasswordChangeForm, UserCreationForm
    from unfold.forms import UserChangeForm as PersonBase

    PersonAdminBase = DjangoUserAdmin

admin.site.unregister(Group)


class PersonForm(PersonBase):
    """A person's form, with a check that their time zone exists."""

    def clean_time_zone(self) -> str:
        """Return the time zone; pages would fall back to the site's for one that does not exist."""
        name: str = self.cleaned_data["time_zone"]
        if name and name not in available_timezones():
            raise forms.ValidationError(
                _("There is no time zone of that name. Write it like America/Sao_Paulo."), code="unknown"
            )
        return name


@admin.register(User)
class UserAdmin(PersonAdminBase, ModelAdmin[User]):
    """People. Their passwords are set by link or by Django's own form, never shown."""

    form = PersonForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "first_name", "last_name", "is_staff", "is_active")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        *(DjangoUserAdmin.fieldsets or ()),
        (_("Pages"), {"fields": ("language", "time_zone")}),
    )


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin[Group]):
    """Groups of rights."""


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin[ApiToken]):
    """Tokens of API clients: seen and revoked here. A new one is shown to its owner only."""

    list_display = ("user", "name", "scope", "created", "expiry", "last_used_at")
    list_select_related = ("user",)
    list_filter = ("scope",)
    search_fields = ("user__username", "name")
    fields = ("user", "name", "scope", "created", "expiry", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: nobody but the owner may see a new token."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a token is revoked by deleting it."""
        return False
