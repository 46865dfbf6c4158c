"""Who else may see, run or edit a team."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from teams.models.team import Team
from teams.models.uuid7 import new_id


class TeamRole(models.TextChoices):
    """Each role includes those before it. The owner is no member: ownership is a field of the team."""

    VIEWER = "viewer", _("viewer")
    OPERATOR = "operator", _("operator")
    EDITOR = "editor", _("editor")


class TeamMembership(models.Model):
    """One person's role in one team."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="team_memberships"
    )
    role = models.CharField(_("role"), max_length=10, choices=TeamRole.choices, default=TeamRole.VIEWER)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("team member")
        verbose_name_plural = _("team members")
        constraints = [
            models.UniqueConstraint(name="team_member_once", fields=["team", "user"]),
            models.CheckConstraint(
                name="team_member_role_known", condition=models.Q(role__in=TeamRole.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
