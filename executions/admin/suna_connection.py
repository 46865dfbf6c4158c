"""Connections to Suna, for staff. The credential goes in and never comes out."""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from executions.actions.check_base_url import AddressRefused, Fault, check_own_base_url
from executions.actions.create_connection import create_connection
from executions.actions.delete_connection import delete_connection
from executions.actions.edit_connection import ConnectionChanges, edit_connection
from executions.actions.sync_agents import sync_agents
from executions.actions.try_connection import try_connection
from executions.agent_service import AgentServiceError, SecretText
from executions.suna.address import parse_base_url
from executions.suna.credential import SunaCredential, check_credential
from executions.suna.wire import PROFILES
from executions.wording import refusal_sentence
from executions.wording.connection_tests import findings_in_words, outcome_words, sync_words
from teams.actions.refusal import Refusal
from teams.admin.strict_json import StrictJSONFormField
from teams.admin.theme import ModelAdmin, ModelForm
from teams.models import SunaConnection, User
from teams.wording.connections import connection_notices

if TYPE_CHECKING:
    PasswordInput = forms.PasswordInput
    Select = forms.Select
    Textarea = forms.Textarea
else:
    from unfold.widgets import UnfoldAdminPasswordWidget as PasswordInput
    from unfold.widgets import UnfoldAdminSelectWidget as Select
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea

MAX_AT_ONCE = 10
"""Each takes as long as its Suna does, and a page waits for all of them."""

_FAULTS = {
    Fault.MALFORMED: _("Write an http or https address without a user, a query or a fragment."),
    Fault.NOT_HTTPS: _("A person's own connection needs an https address."),
    Fault.UNKNOWN_HOST: _("There is no host of that name."),
    Fault.NOT_PUBLIC: _(
        "That host is not a public one. An operator can list it in RENUM_SUNA_ALLOWED_HOSTS."
    ),
}
_KEEP = _("Never shown. Empty: what is stored stays as it is. Another address removes what is stored.")


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
        """Check that a header can carry what was typed in, and where the address leads."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("owner") is not None and cleaned.get("base_url"):
            try:
                check_own_base_url(cleaned["base_url"])
            except AddressRefused as refused:
                self.add_error("base_url", _FAULTS[refused.fault])
        bearer, api_key = cleaned.get("bearer"), cleaned.get("api_key")
        if api_key and not all(api_key.strip().partition(":")):
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
    list_display = ("name", "owner", "base_url", "wire_profile", "credential", "standing", "tested_at")
    list_filter = ("wire_profile", "paused_code")
    list_select_related = ("owner",)
    search_fields = ("name", "base_url", "owner__username")
    autocomplete_fields = ("owner",)
    readonly_fields = (
        "credential",
        "recognised_by",
        "bearer_expires_at",
        "standing",
        "tested",
        "findings",
        "capabilities",
        "throttled_until",
        "unreachable_at",
        "paused_code",
        "checked_at",
        "tested_at",
        "synced_at",
        "sync_problem",
    )
    actions = ("test_selected", "sync_selected")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SunaConnection]:
        """Ask whether there is a credential, without reading it."""
        rows = super().get_queryset(request).defer("sealed_credential")
        return rows.annotate(has_credential=Q(sealed_credential__isnull=False))

    def get_fieldsets(self, request: HttpRequest, obj: SunaConnection | None = None) -> Any:
        """Leave the password inputs out for those who may only look."""
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        typed_in: tuple[str, ...] = ("bearer", "api_key") if may_write else ()
        if obj is not None:
            shown = ("credential", "recognised_by", "bearer_expires_at")
            typed_in = (*shown, *typed_in, *(("remove_credential",) if may_write else ()))
        settled = tuple(
            name
            for name in self.readonly_fields
            if name not in ("credential", "recognised_by", "bearer_expires_at")
        )
        return (
            (None, {"fields": ("owner", "name", "base_url", "wire_profile", "sends_user_keys", "limits")}),
            (_("Credential"), {"fields": typed_in}),
            (_("What Renum learned"), {"fields": settled if obj is not None else ()}),
        )

    @admin.display(description=_("credential"), boolean=True)
    def credential(self, obj: SunaConnection) -> bool:
        """Say whether one is stored."""
        return bool(getattr(obj, "has_credential", False))

    @admin.display(description=_("recognised by"))
    def recognised_by(self, obj: SunaConnection) -> str:
        """Show the ends of the stored secrets."""
        return ", ".join(f"{name} {mark}" for name, mark in obj.credential_marks.items()) or "-"

    @admin.display(description=_("how it stands"))
    def standing(self, obj: SunaConnection) -> str:
        """Show what holds it up, or will."""
        notices = connection_notices(obj, now=timezone.now())
        return format_html_join(" ", "{}", ((notice.message,) for notice in notices)) or str(
            _("All is well.")
        )

    @admin.display(description=_("test"))
    def tested(self, obj: SunaConnection) -> str:
        """Show the outcome of the last test."""
        result = obj.test_result
        return " ".join(outcome_words(result["code"])) if result else str(_("not tested"))

    @admin.display(description=_("what works"))
    def findings(self, obj: SunaConnection) -> str:
        """Show what the last test found, a line each."""
        lines = ((one.title, one.state_words, one.message) for one in findings_in_words(obj.test_result))
        return format_html_join("", "<div>{}: {}. {}</div>", lines) or "-"

    @admin.display(description=_("agents not listed because"))
    def sync_problem(self, obj: SunaConnection) -> str:
        """Show why its agents are not listed."""
        return sync_words(obj.sync_code) or "-"

    def refusal_words(self, refusal: Refusal) -> str:
        """Return why something was not done, in the reader's language."""
        if isinstance(refusal, AddressRefused):
            return str(_FAULTS[refusal.fault])
        return refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)

    @admin.action(description=_("Test the selected connections"), permissions=["change"])
    def test_selected(self, request: HttpRequest, queryset: QuerySet[SunaConnection]) -> None:
        """Test each; what was found is on its page."""
        for connection in queryset[:MAX_AT_ONCE]:
            try:
                tested = try_connection(connection=connection, by=staff_of(request))
            except Refusal as refusal:
                self._warn_of(request, connection, refusal)
                continue
            code = tested.test_result["code"]
            words = f"{connection.name}: {' '.join(outcome_words(code))}"
            self.message_user(request, words, messages.WARNING if code else messages.SUCCESS)

    @admin.action(description=_("List the agents of the selected connections"), permissions=["change"])
    def sync_selected(self, request: HttpRequest, queryset: QuerySet[SunaConnection]) -> None:
        """List the agents of each."""
        for connection in queryset[:MAX_AT_ONCE]:
            try:
                synced = sync_agents(connection=connection, by=staff_of(request))
            except Refusal as refusal:
                self._warn_of(request, connection, refusal)
                continue
            said = {"name": connection.name, "count": synced.present}
            self.message_user(request, _("%(name)s: %(count)s agents are listed.") % said)

    @sensitive_variables()
    def save_model(self, request: HttpRequest, obj: SunaConnection, form: Any, change: bool) -> None:
        """Make or change the connection through its action; say where a credential went with its address."""
        given = form.cleaned_data
        typed_in = {name: given[name] or None for name in ("bearer", "api_key")}
        if given["remove_credential"] and not any(typed_in.values()):
            typed_in = dict.fromkeys(typed_in, "")
        by = staff_of(request)
        if not change:
            obj.pk = self._create(by, given)
            return
        row = SunaConnection.objects.get(pk=obj.pk)
        changes = ConnectionChanges(
            name=given["name"],
            base_url=given["base_url"],
            sends_user_keys=given["sends_user_keys"],
            limits=given["limits"],
            wire_profile=given["wire_profile"],
            owner=given["owner"],
            owner_changes=True,
            **typed_in,
        )
        edited = edit_connection(connection=row, by=by, changes=changes)
        if edited.credential_forgotten:
            messages.warning(
                request, _("The address changed, so the stored credential was removed. Give it again.")
            )

    @sensitive_variables()
    def _create(self, by: User, given: Mapping[str, Any]) -> uuid.UUID:
        """Make a connection and return its id. What was learned elsewhere needs the right to change it."""
        row = create_connection(
            by=by,
            owner=given["owner"],
            name=given["name"],
            base_url=given["base_url"],
            bearer=given["bearer"],
            api_key=given["api_key"],
            sends_user_keys=given["sends_user_keys"],
        )
        learned = {name: given[name] for name in ("wire_profile", "limits") if given[name]}
        if learned:
            edit_connection(connection=row, by=by, changes=ConnectionChanges(**learned))
        return row.pk

    def _warn_of(self, request: HttpRequest, connection: SunaConnection, refusal: Refusal) -> None:
        words = f"{connection.name}: {self.refusal_words(refusal)}"
        self.message_user(request, words, messages.WARNING)

    def has_delete_permission(self, request: HttpRequest, obj: SunaConnection | None = None) -> bool:
        """Whether the action would: it wants the right to change connections beside that to delete them."""
        return super().has_delete_permission(request, obj) and self.has_change_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: SunaConnection) -> None:
        """Delete it through its action."""
        delete_connection(connection=obj, by=staff_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SunaConnection]) -> None:
        """Delete each through its action; all of them, or where one is refused none."""
        with transaction.atomic():
            for connection in queryset:
                delete_connection(connection=connection, by=staff_of(request))


def staff_of(request: HttpRequest) -> User:
    """Return who asks. Raises PermissionDenied for nobody."""
    if isinstance(request.user, AnonymousUser):
        raise PermissionDenied
    return request.user
