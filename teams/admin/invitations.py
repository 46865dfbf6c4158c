"""Invitations in the admin: who was invited where and by whom, and the verb that ends an invitation."""

from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Case, QuerySet, Value, When
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from teams.actions.end_invitation import REVOKE, end_invitation
from teams.admin.read_only import ReadOnly
from teams.admin.theme import ModelAdmin
from teams.models import TeamInvitation


@admin.register(TeamInvitation)
class TeamInvitationAdmin(ReadOnly, ModelAdmin[TeamInvitation]):
    """One invitation a row. Who may delete invitations may revoke them."""

    list_display = ("address", "team", "role", "invited_by", "created_at", "expires_at", "is_open")
    list_select_related = ("team", "invited_by")
    list_filter = ("role", "kind")
    search_fields = ("address", "team__name", "invited_by__username")
    ordering = ("-id",)
    fields = ("team", "kind", "address", "role", "invited_by", "created_at", "expires_at", "is_open")
    actions = ("revoke_selected",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TeamInvitation]:
        """Note on each, by PostgreSQL's clock, whether it can still be accepted."""
        still = Case(
            When(expires_at__gt=Now(), then=Value(True)), default=Value(False), output_field=BooleanField()
        )
        return super().get_queryset(request).annotate(still_open=still)

    @admin.display(description=_("can be accepted"), boolean=True)
    def is_open(self, obj: TeamInvitation) -> bool:
        """Return whether its time is not up."""
        return bool(getattr(obj, "still_open", False))

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whether staff have the right that the verb needs."""
        return request.user.has_perm(REVOKE)

    @admin.action(description=_("Revoke the selected invitations"), permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[TeamInvitation]) -> None:
        """End each, and write down who did."""
        if isinstance(request.user, AnonymousUser):
            raise PermissionDenied
        revoked = 0
        for invitation in queryset.select_related("team"):
            ended = (str(invitation.pk), f"{invitation.team.name}: {invitation}"[:200])
            end_invitation(invitation=invitation, by=request.user, as_staff=True)
            LogEntry.objects.create(
                user=request.user,
                content_type=ContentType.objects.get_for_model(TeamInvitation),
                object_id=ended[0],
                object_repr=ended[1],
                action_flag=DELETION,
            )
            revoked += 1
        messages.success(request, _("Invitations revoked: %(count)s.") % {"count": revoked})
