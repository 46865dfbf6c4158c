"""An offer to join a team, addressed to whoever has a user name or an e-mail address.

It is written down the same way whether or not there is such a person: nobody learns by inviting who has an
account here (reliability 6.3).
"""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from teams.models.team import Team
from teams.models.team_membership import TeamRole
from teams.models.uuid7 import new_id

if TYPE_CHECKING:
    from teams.models.user import User

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class AddressKind(models.TextChoices):
    """What an invitation is addressed to."""

    USERNAME = "username", _("user name")
    EMAIL = "email", _("e-mail address")


def folded_email(address: str) -> str:
    """Return an address with ASCII's capitals lowered, and nothing else.

    Letters beyond ASCII stay as they are: some of them become ASCII by lowering, and one person would get
    what another was sent (CVE-2019-19844).
    """
    return address.translate(_LOWER)


class TeamInvitationQuerySet(models.QuerySet["TeamInvitation"]):
    """The one place that says whom an invitation is for."""

    def open(self) -> "TeamInvitationQuerySet":
        """Return those that can still be accepted, by PostgreSQL's clock."""
        return self.filter(expires_at__gt=Now())

    def addressed_to(self, user: "User") -> "TeamInvitationQuerySet":
        """Return the open ones for the user, by user name or e-mail address.

        Only an address that the user has confirmed counts, or one that staff gave to somebody who never made
        addresses of their own: anybody may type in what is another's.
        """
        mine = Q(kind=AddressKind.USERNAME, address=user.username)
        own = user.emailaddress_set.all()  # type: ignore[attr-defined]  # allauth brings no types
        mine |= Q(kind=AddressKind.EMAIL, address__in=own.filter(verified=True).values("email"))
        if user.email:
            by_staff = Q(kind=AddressKind.EMAIL, address=folded_email(user.email))
            mine |= by_staff & Q(~Exists(own))
        return self.open().filter(mine).exclude(team__owner=user)

    def for_user(self, user: "User") -> "TeamInvitationQuerySet":
        """Return those that are for the user, and all of the user's own teams."""
        return self.filter(Q(team__owner=user) | Q(pk__in=self.addressed_to(user).values("pk")))


class TeamInvitation(models.Model):
    """One invitation. `address` is what was typed in; an e-mail address as `folded_email` returns it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    kind = models.CharField(_("kind"), max_length=10, choices=AddressKind.choices)
    address = models.CharField(_("address"), max_length=254)
    role = models.CharField(_("role"), max_length=10, choices=TeamRole.choices, default=TeamRole.VIEWER)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires at"))

    objects = TeamInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("team invitation")
        verbose_name_plural = _("team invitations")
        constraints = [
            models.UniqueConstraint(name="team_invitation_once", fields=["team", "kind", "address"]),
            models.CheckConstraint(name="team_invitation_addressed", condition=~Q(address="")),
            models.CheckConstraint(
                name="team_invitation_kind_known", condition=Q(kind__in=AddressKind.values)
            ),
            models.CheckConstraint(name="team_invitation_role_known", condition=Q(role__in=TeamRole.values)),
        ]
        indexes = [models.Index(name="team_invitation_address", fields=["address"])]

    def __str__(self) -> str:
        return f"{self.address} ({self.role})"
