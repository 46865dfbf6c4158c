"""People and groups in the admin's theme."""

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from teams.actions.adopt_address import replace_addresses
from teams.admin.theme import ModelAdmin
from teams.models import User

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

    def save_model(
        self, request: HttpRequest, obj: User, form: "forms.ModelForm[User]", change: bool
    ) -> None:
        """Save the person; an address that staff changes takes the place of all that they had."""
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            replace_addresses(user=obj)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin[Group]):
    """Groups of rights."""
