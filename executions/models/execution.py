"""One run of a workflow version for one prompt."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from executions.engine.state import EXECUTION_TERMINAL, ExecutionStatus
from executions.models.choices import choices_of
from executions.models.driver import Driver
from teams.models import SunaConnection, Team, TeamMembership, WorkflowVersion
from teams.models.uuid7 import new_id

if TYPE_CHECKING:
    from teams.models import User


class ExecutionQuerySet(models.QuerySet["Execution"]):
    """The one place that says which executions a person may see."""

    def for_user(self, user: "User") -> "ExecutionQuerySet":
        """Return the executions of the teams that the user may see."""
        return self.filter(team__in=Team.objects.for_user(user))

    def for_staff(self, user: "User", permission: str) -> "ExecutionQuerySet":
        """Return every execution to staff with that permission, and none to anybody else."""
        is_allowed = user.is_active and user.is_staff and user.has_perm(permission)
        return self.all() if is_allowed else self.none()

    def with_role_of(self, user: "User") -> "ExecutionQuerySet":
        """Note on each the user's role as a member of its team as `member_role`; null where they are none."""
        membership = TeamMembership.objects.filter(team=OuterRef("team_id"), user=user)
        return self.annotate(member_role=Subquery(membership.values("role")[:1]))

    def unfinished(self) -> "ExecutionQuerySet":
        """Return those that are not in a terminal status."""
        return self.exclude(status__in=EXECUTION_TERMINAL)


class Execution(models.Model):
    """One execution. Only the orchestrator writes `status`; people's wishes are the *_requested_at columns.

    A pause is wanted as long as `pause_requested_at` is later than `resume_requested_at`.

    `driver` and `epoch` are the lease: whoever writes must hold the row with that epoch. `at_rest` says that
    nothing of it is in flight: it is paused, or only people's answers and decisions are awaited. No driver
    takes it up before somebody resumes, answers, decides or cancels, its time is up, or `look_at` has come.
    `crash_count` counts the drivers that died while they worked on it, since an attempt's end was last taken
    in. `event_seq` and `context_version` are the last numbers given out, under the row's lock.
    `result` is the answer as JSON, `result_text` the same for a reader. `message_params` are what a sentence
    about `code` needs. `labels` are people's own words, by which they find it again.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="executions")
    workflow_version = models.ForeignKey(WorkflowVersion, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(SunaConnection, on_delete=models.PROTECT, related_name="+")
    plan = models.JSONField(_("plan"))
    initial_prompt = models.TextField(_("prompt"))
    labels = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, verbose_name=_("labels"), db_default=[]
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="started_executions"
    )
    payer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="paid_executions"
    )
    key_owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    status = models.CharField(
        _("status"), max_length=20, choices=choices_of(ExecutionStatus), default=ExecutionStatus.QUEUED
    )
    code = models.CharField(_("code"), max_length=50, blank=True)
    message = models.CharField(_("message"), max_length=1000, blank=True)
    message_params = models.JSONField(default=dict, blank=True)
    ended_by = models.CharField(max_length=50, blank=True)
    result = models.JSONField(_("result"), null=True, blank=True)
    result_text = models.TextField(_("result as text"), blank=True)
    usage_metrics = models.JSONField(_("usage"), default=dict, blank=True)
    cost_metrics = models.JSONField(_("cost"), default=dict, blank=True)
    usage_complete = models.BooleanField(_("usage complete"), default=False)

    # Null where none was sent: it is unique per person, and two empty texts would collide.
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  none is not equal to none
    request_sha256 = models.CharField(max_length=64, blank=True)
    deadline_at = models.DateTimeField(_("deadline"))
    driver = models.ForeignKey(
        Driver, on_delete=models.SET_NULL, null=True, blank=True, related_name="executions"
    )
    epoch = models.PositiveIntegerField(default=0)
    at_rest = models.BooleanField(default=False, db_default=False)
    look_at = models.DateTimeField(null=True, blank=True)
    crash_count = models.PositiveSmallIntegerField(default=0)
    event_seq = models.PositiveIntegerField(default=0)
    context_version = models.PositiveIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    pause_requested_at = models.DateTimeField(null=True, blank=True)
    resume_requested_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    retried_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    created_at = models.DateTimeField(_("created at"), db_default=Now(), editable=False)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    objects = ExecutionQuerySet.as_manager()

    class Meta:
        db_table = "renum_team_executions"
        verbose_name = _("execution")
        verbose_name_plural = _("executions")
        ordering = ["-id"]
        indexes = [
            models.Index(
                name="execution_begun",
                fields=["id"],
                condition=Q(status__in=["running", "paused", "cancelling", "quarantined"]),
            ),
            models.Index(name="execution_queued", fields=["started_by", "id"], condition=Q(status="queued")),
            models.Index(name="execution_of_team", fields=["team", "-id"]),
            models.Index(
                name="execution_usage_missing",
                fields=["finished_at"],
                condition=Q(usage_complete=False, finished_at__isnull=False),
            ),
            models.Index(
                name="execution_finished",
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
            ),
            GinIndex(name="execution_labelled", fields=["labels"]),
            models.Index(name="execution_of_status", fields=["status", "-id"]),
            models.Index(name="execution_created", fields=["created_at"]),
            models.Index(
                name="execution_under_way",
                fields=["team", "-id"],
                condition=Q(status__in=["queued", "running", "paused", "cancelling", "quarantined"]),
            ),
        ]
        constraints = [
            models.CheckConstraint(name="execution_labels_ten", condition=Q(labels__len__lte=10)),
            models.CheckConstraint(
                name="execution_status_known", condition=Q(status__in=list(ExecutionStatus))
            ),
            models.CheckConstraint(
                name="execution_terminal_has_finished_at",
                condition=Q(status__in=EXECUTION_TERMINAL, finished_at__isnull=False)
                | (~Q(status__in=EXECUTION_TERMINAL) & Q(finished_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="execution_failed_has_code", condition=~Q(status="failed") | ~Q(code="")
            ),
            models.CheckConstraint(
                name="execution_finished_after_created",
                condition=Q(finished_at__isnull=True) | Q(finished_at__gte=F("created_at")),
            ),
            models.UniqueConstraint(
                name="execution_idempotency_key_once", fields=["started_by", "idempotency_key"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.id}"
