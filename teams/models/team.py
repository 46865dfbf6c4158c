"""A team: a named set of agents with a workflow."""

import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from teams.models.suna_connection import SunaConnection
from teams.models.uuid7 import new_id

if TYPE_CHECKING:
    from teams.models.user import User


class TeamQuerySet(models.QuerySet["Team"]):
    """The one place that says which teams a person may see."""

    def for_user(self, user: "User") -> "TeamQuerySet":
        """Return the teams that the user owns or is a member of; nobody else's, staff included."""
        return self.filter(Q(owner=user) | Q(memberships__user=user)).distinct()

    def seen_by(self, user_ids: Collection[uuid.UUID]) -> set[tuple[uuid.UUID, uuid.UUID]]:
        """Return (team, user) for each of these teams and users that `for_user` would bring together."""
        owners = self.filter(owner__in=user_ids).order_by().values_list("pk", "owner_id")
        members = self.filter(memberships__user__in=user_ids).order_by()
        return {*owners, *members.values_list("pk", "memberships__user_id")}

    def owned_by(self, user: "User") -> "TeamQuerySet":
        """Return the user's own teams: only among them a slug names one."""
        return self.filter(owner=user)

    def paid_by(self, user: "User") -> "TeamQuerySet":
        """Return the teams whose runs are billed to the user, and use the user's keys."""
        return self.filter(Q(payer=user) | Q(payer=None, owner=user))


class Team(models.Model):
    """A team. `payer` is who its runs are billed to: the owner where it is null."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="owned_teams",
        verbose_name=_("owner"),
    )
    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(_("slug"), max_length=110)
    description = models.TextField(_("description"), blank=True, max_length=2000)
    connection = models.ForeignKey(
        SunaConnection,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="teams",
        verbose_name=_("connection"),
    )
    published_version = models.ForeignKey(
        "teams.WorkflowVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("published version"),
    )
    payer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="paid_teams",
        verbose_name=_("payer"),
        help_text=_("Empty: the owner."),
    )
    record_content = models.BooleanField(
        _("record content"),
        default=False,
        help_text=_("Keep full prompts and answers in the usage ledger."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(name="team_slug_once_per_owner", fields=["owner", "slug"]),
            models.CheckConstraint(name="team_named", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def paid_by(self) -> "User":
        """Who its runs are billed to."""
        return self.payer or self.owner

    def role_of(self, user: "User") -> str | None:
        """Return owner, editor, operator or viewer; None for a stranger."""
        if user.pk == self.owner_id:
            return "owner"
        membership = self.memberships.filter(user=user).first()
        return membership.role if membership else None
