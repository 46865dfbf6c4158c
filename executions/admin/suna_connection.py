"""Connections to Suna, for staff. The credential goes in and never comes out."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from executions.actions.check_base_url import AddressRefused, Fault, check_own_base_url
from executions.agent_service import AgentServiceError, SecretText
from executions.suna.address import parse_base_url
from executions.suna.credential import SunaCredential, check_credential
from executions.suna.wire import PROFILES
from teams.admin.strict_json import StrictJSONFormField
from teams.admin.theme import ModelAdmin, ModelForm
from teams.models import SunaConnection

if TYPE_CHECKING:
    PasswordInput = forms.PasswordInput
    Select = forms.Select
    Textarea = forms.Textarea
else:
    from unfold.widgets import UnfoldAdminPasswordWidget as PasswordInput
    from unfold.widgets import UnfoldAdminSelectWidget as Select
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea

_FAULTS = {
    Fault.MALFORMED: _("Write an http or https address without a user, a query or a fragment."),
    Fault.NOT_HTTPS: _("A person's own connection needs an https address."),
    Fault.UNKNOWN_HOST: _("There is no host of that name."),
    Fault.NOT_PUBLIC: _(
        "That host is not a public one. An operator can list it in RENUM_SUNA_ALLOWED_HOSTS."
    ),
}
_KEEP = _("Never shown. Empty: what is stored stays as it is.")


class ConnectionForm(ModelForm[SunaConnection]):
    """The connection's columns, and a credential that can be set and removed but not read."""

    wire_profile = forms.ChoiceField(
        label=_("Wire profile"),
        required=False,
        choices=lambda: [("", _("not detected yet")), *((name, name) for name in PROFILES)],
        widget=Select(),
    )
    limits = StrictJSONFormField(
        label=_("Limits"),
        required=False,
        widget=Textarea(attrs={"rows": 4}),
        help_text=_('What was learned of the service, for example {"parallel_runs": 3}.'),
    )
    bearer = forms.CharField(
        label=_("Bearer token"),
        required=False,
        max_length=8192,
        widget=PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text=_KEEP,
    )
    api_key = forms.CharField(
        label=_("API key"),
        required=False,
        max_length=8192,
        widget=PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text=_KEEP,
    )
    remove_credential = forms.BooleanField(label=_("Remove the stored credential"), required=False)

    class Meta:
        model = SunaConnection
        fields = ("owner", "name", "base_url", "wire_profile", "sends_user_keys", "limits")
        # The model's own holds "<service>", which the admin would take for markup.
        help_texts = {"sends_user_keys": _("Only for a Suna that reads the users' keys from headers.")}

    def clean_base_url(self) -> str:
        """Return the address without a slash at its end."""
        try:
            return str(parse_base_url(self.cleaned_data["base_url"])).rstrip("/")
        except AgentServiceError:
            raise forms.ValidationError(_FAULTS[Fault.MALFORMED], code="invalid") from None

    def clean_limits(self) -> dict[str, Any]:
        """Return the limits, an object."""
        limits = self.cleaned_data["limits"]
        if limits is not None and not isinstance(limits, dict):
            raise forms.ValidationError(_("Write a JSON object."), code="wrong_type")
        return limits or {}

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Check that at most one credential was typed in, that a header can carry it, and where it leads."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("owner") is not None and cleaned.get("base_url"):
            try:
                check_own_base_url(cleaned["base_url"])
            except AddressRefused as refused:
                self.add_error("base_url", _FAULTS[refused.fault])
        bearer, api_key = cleaned.get("bearer"), cleaned.get("api_key")
        if bearer and api_key:
            self.add_error("api_key", _("Give a bearer token or an API key, not both."))
        if api_key and ":" not in api_key:
            self.add_error("api_key", _("An API key is its public and its secret part, joined by a colon."))
        try:
            check_credential(
                SunaCredential(bearer=SecretText(bearer or "-"), api_key=SecretText(api_key or "-"))
            )
        except AgentServiceError:
            self.add_error("bearer" if bearer else "api_key", _("No header can carry this."))
        return cleaned


@admin.register(SunaConnection)
class SunaConnectionAdmin(ModelAdmin[SunaConnection]):
    """Connections, with their credential left encrypted in the database."""

    form = ConnectionForm
    list_display = ("name", "owner", "base_url", "wire_profile", "credential", "paused_code", "checked_at")
    list_filter = ("wire_profile", "paused_code")
    list_select_related = ("owner",)
    search_fields = ("name", "base_url", "owner__username")
    autocomplete_fields = ("owner",)
    readonly_fields = ("credential", "capabilities", "throttled_until", "paused_code", "checked_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SunaConnection]:
        """Ask whether there is a credential, without reading it."""
        rows = super().get_queryset(request).defer("sealed_credential")
        return rows.annotate(has_credential=Q(sealed_credential__isnull=False))

    def get_fieldsets(self, request: HttpRequest, obj: SunaConnection | None = None) -> Any:
        """Leave the password inputs out for those who may only look."""
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        typed_in: tuple[str, ...] = ("bearer", "api_key") if may_write else ()
        if obj is not None:
            typed_in = ("credential", *typed_in, *(("remove_credential",) if may_write else ()))
        settled = ("capabilities", "throttled_until", "paused_code", "checked_at")
        return (
            (None, {"fields": ("owner", "name", "base_url", "wire_profile", "sends_user_keys", "limits")}),
            (_("Credential"), {"fields": typed_in}),
            (_("What Renum learned"), {"fields": settled if obj is not None else ()}),
        )

    @admin.display(description=_("credential"), boolean=True)
    def credential(self, obj: SunaConnection) -> bool:
        """Say whether one is stored."""
        return bool(getattr(obj, "has_credential", False))

    @sensitive_variables()
    def save_model(self, request: HttpRequest, obj: SunaConnection, form: Any, change: bool) -> None:
        """Save the columns; seal a new credential, and drop one that was for another address."""
        typed_in = {name: form.cleaned_data[name] for name in ("bearer", "api_key")}
        moved = change and "base_url" in form.changed_data
        if any(typed_in.values()):
            obj.set_credential(**typed_in)
            # Whoever gives a new one has dealt with the refusal of the old.
            obj.paused_code = ""
        elif form.cleaned_data["remove_credential"] or moved:
            obj.sealed_credential = None
            if moved and self.credential(obj):
                messages.warning(
                    request, _("The address changed, so the stored credential was removed. Give it again.")
                )
        super().save_model(request, obj, form, change)
