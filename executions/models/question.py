"""A question that an agent asked instead of giving an answer, and what became of it."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from executions.models.agent_run import AgentRun
from executions.models.execution import Execution
from executions.models.execution_step import ExecutionStep
from teams.models import Team, TeamMembership
from teams.models.team_membership import TeamRole
from teams.models.uuid7 import new_id

if TYPE_CHECKING:
    from teams.models import User

_OPERATE = (TeamRole.OPERATOR, TeamRole.EDITOR)


class QuestionState(models.TextChoices):
    """Where a question stands. Only an open one changes."""

    OPEN = "open", _("open")
    ANSWERED = "answered", _("answered")
    EXPIRED = "expired", _("expired")
    WITHDRAWN = "withdrawn", _("withdrawn")


class QuestionQuerySet(models.QuerySet["Question"]):
    """The one place that says whose questions a person may see and answer."""

    def for_user(self, user: "User") -> "QuestionQuerySet":
        """Return the questions of the teams that the user may see."""
        return self.filter(execution__team__in=Team.objects.for_user(user))

    def for_operator(self, user: "User") -> "QuestionQuerySet":
        """Return the questions of the teams in which the user may answer."""
        if not user.is_active:
            return self.none()
        operated = TeamMembership.objects.filter(user=user, role__in=_OPERATE).values("team_id")
        return self.filter(Q(execution__team__owner=user) | Q(execution__team__in=operated))

    def with_role_of(self, user: "User") -> "QuestionQuerySet":
        """Note on each the user's role as a member of its team as `member_role`; null where they are none."""
        membership = TeamMembership.objects.filter(team=OuterRef("execution__team_id"), user=user)
        return self.annotate(member_role=Subquery(membership.values("role")[:1]))

    def open(self) -> "QuestionQuerySet":
        """Return those that wait for an answer."""
        return self.filter(state=QuestionState.OPEN)


class Question(models.Model):
    """One question of one run. `text`, `options` and `attachments` are the agent's words: hostile input.

    `answer` is what the agent gets. It is a person's where `answered_by` is set, else the step's own
    (`is_automatic`, also where the time was up). `heard` says that a driver has taken in what became of it:
    until then the step still waits. An automatic answer is given in the moment of asking and never open.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="questions")
    step = models.ForeignKey(ExecutionStep, on_delete=models.CASCADE, related_name="questions")
    agent_run = models.OneToOneField(AgentRun, on_delete=models.CASCADE, related_name="question")
    text = models.TextField(_("question"))
    options = models.JSONField(_("offered answers"), default=list, blank=True)
    attachments = models.JSONField(_("attachments"), default=list, blank=True)
    state = models.CharField(
        _("state"), max_length=20, choices=QuestionState.choices, default=QuestionState.OPEN
    )
    asked_at = models.DateTimeField(_("asked at"))
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    # Null is no answer; the step's row tells the same of a result.
    answer = models.TextField(_("answer"), null=True, blank=True)  # noqa: DJ001  a constraint tells none from one
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("answered by"),
    )
    is_automatic = models.BooleanField(_("answered by the step's own policy"), default=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    heard = models.BooleanField(default=False)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="question_one_open_a_step", fields=["step"], condition=Q(state="open")
            ),
            models.CheckConstraint(
                name="question_state_known", condition=Q(state__in=list(QuestionState.values))
            ),
            models.CheckConstraint(
                name="question_open_or_closed",
                condition=Q(state="open", closed_at__isnull=True, heard=False, expires_at__isnull=False)
                | (~Q(state="open") & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="question_answered_has_answer",
                condition=~Q(state="answered") | (Q(answer__isnull=False) & ~Q(answer="")),
            ),
            models.CheckConstraint(
                name="question_unanswered_has_none",
                condition=~Q(state__in=["open", "withdrawn"])
                | Q(answer__isnull=True, answered_by__isnull=True, is_automatic=False),
            ),
            models.CheckConstraint(
                name="question_person_or_policy",
                condition=Q(answered_by__isnull=True) | Q(state="answered", is_automatic=False),
            ),
        ]
        indexes = [
            models.Index(name="question_open_of", fields=["execution"], condition=Q(state="open")),
            models.Index(
                name="question_unheard",
                fields=["execution"],
                condition=Q(state__in=["answered", "expired"], heard=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.state}"
