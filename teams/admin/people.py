"""People and groups in the admin's theme."""

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from teams.actions.adopt_address import replace_addresses
from teams.actions.lift_sign_in_limit import lift_sign_in_limit, standing_of
from teams.actions.second_factor import has_second_factor
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
    readonly_fields = ("last_login", "date_joined", "second_factor", "sign_in")
    actions = ("let_sign_in",)
    fieldsets = (
        *(DjangoUserAdmin.fieldsets or ()),
        (_("Signing in"), {"fields": ("second_factor", "sign_in")}),
        (_("Pages"), {"fields": ("language", "time_zone")}),
    )

    def save_model(
        self, request: HttpRequest, obj: User, form: "forms.ModelForm[User]", change: bool
    ) -> None:
        """Save the person; an address that staff changes takes the place of all that they had."""
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            replace_addresses(user=obj)

    @admin.display(description=_("second factor"), boolean=True)
    def second_factor(self, obj: User) -> bool:
        """Whether a code is asked for when they sign in."""
        return has_second_factor(obj)

    @admin.display(description=_("tries"))
    def sign_in(self, obj: User) -> str:
        """Tell what keeps them from signing in now, if anything does."""
        try:
            password, code = standing_of(obj)
        except RedisError:
            return gettext("Unknown: Redis does not answer, and nobody can sign in.")
        if not any((password.failures, password.closed_addresses, code.failures)):
            return gettext("Nothing failed lately.")
        told = gettext(
            "Lately %(failures)s wrong passwords and %(codes)s wrong codes; %(addresses)s addresses are"
            " shut out, and the next try anywhere else is in %(wait)s seconds."
        )
        return told % {
            "failures": password.failures,
            "codes": code.failures,
            "addresses": password.closed_addresses + code.closed_addresses,
            "wait": max(password.wait_s, code.wait_s),
        }

    @admin.action(description=_("Let the selected people try to sign in again now"), permissions=["change"])
    def let_sign_in(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Forget the tries of each; their passwords stay what they are."""
        if isinstance(request.user, AnonymousUser):
            raise PermissionDenied
        people = list(queryset)
        try:
            for person in people:
                lift_sign_in_limit(person=person, by=request.user)
        except RedisError:
            words = _("Redis does not answer, so nothing was changed and nobody can sign in. Try again.")
            self.message_user(request, words, messages.ERROR)
            return
        told = ngettext(
            "%(number)s person can try again now.", "%(number)s people can try again now.", len(people)
        )
        self.message_user(request, told % {"number": len(people)}, messages.SUCCESS)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin[Group]):
    """Groups of rights."""
