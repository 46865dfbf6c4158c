"""Budgets, and how far each of their periods is used up. What they mean is said in `billing.budgets`."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from teams.models import Team
from teams.models.uuid7 import new_id

if TYPE_CHECKING:
    from teams.models import User

LIMIT_DIGITS = 14
LIMIT_DECIMAL_PLACES = 6


class BudgetScope(models.TextChoices):
    """Whose cost a budget limits."""

    USER = "user", _("what one person pays for")
    TEAM = "team", _("what one team costs")
    SITE = "site", _("everything")


class BudgetSpan(models.TextChoices):
    """How long a budget's limit lasts before it begins anew."""

    RUN = "run", _("each execution")
    DAY = "day", _("each day")
    MONTH = "month", _("each month")


class AtLimit(models.TextChoices):
    """What happens at the limit. The first two make the budget a hard one, the last a soft one."""

    DRAIN = "drain", _("start nothing more, let running steps finish")
    STOP = "stop", _("start nothing more, stop running steps")
    ALERT = "alert", _("tell people, and go on")


class BudgetQuerySet(models.QuerySet["Budget"]):
    """The one place that says which budgets a person may see, and which limit something."""

    def for_user(self, user: "User") -> "BudgetQuerySet":
        """Return the user's own budgets, those of the teams that they may see, and to staff the site's."""
        seen = Q(user=user) | Q(team__in=Team.objects.for_user(user))
        if user.is_active and user.is_staff and user.has_perm("billing.view_budget"):
            seen |= Q(scope=BudgetScope.SITE)
        return self.filter(seen)


class Budget(models.Model):
    """A limit in US dollars on what something may cost within a span. Scope and span never change.

    Days and months are those of `time_zone`. One that is not active limits nothing, but its periods are kept
    up to date.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=100)
    scope = models.CharField(_("limits"), max_length=10, choices=BudgetScope.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person who pays"),
    )
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("team")
    )
    span = models.CharField(_("for"), max_length=10, choices=BudgetSpan.choices)
    time_zone = models.CharField(_("time zone"), max_length=63, default="UTC")
    limit_usd = models.DecimalField(
        _("limit, USD"), max_digits=LIMIT_DIGITS, decimal_places=LIMIT_DECIMAL_PLACES
    )
    at_limit = models.CharField(
        _("at the limit"), max_length=10, choices=AtLimit.choices, default=AtLimit.DRAIN
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("created at"))
    changed_at = models.DateTimeField(_("changed at"))

    objects = BudgetQuerySet.as_manager()

    class Meta:
        db_table = "renum_budgets"
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="budget_limit_positive", condition=Q(limit_usd__gt=0)),
            models.CheckConstraint(
                name="budget_of_its_scope",
                condition=Q(scope="user", user__isnull=False, team__isnull=True)
                | Q(scope="team", user__isnull=True, team__isnull=False)
                | Q(scope="site", user__isnull=True, team__isnull=True),
            ),
            models.CheckConstraint(
                name="budget_words_known",
                condition=Q(span__in=BudgetSpan.values) & Q(at_limit__in=AtLimit.values),
            ),
            models.CheckConstraint(name="budget_named", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_hard(self) -> bool:
        """Whether steps are kept from starting at the limit."""
        return self.at_limit != AtLimit.ALERT


class BudgetPeriod(models.Model):
    """One span of one budget: a day, a month, or one execution, and what it has cost so far.

    `spent_usd` is the sum of the ledger's rows that fall into it, to the last digit; `unpriced` counts those
    of them that have no price. What is reserved is the sum of its reservations that are not settled. Its row
    is the lock that starts and usage take. `alerted_percent` is the last part of the limit that people were
    told of, under the limit of now. An execution's period has no times.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    budget = models.ForeignKey(
        Budget, on_delete=models.CASCADE, related_name="periods", verbose_name=_("budget")
    )
    execution_id = models.UUIDField(_("execution"), null=True, blank=True)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    spent_usd = models.DecimalField(_("spent, USD"), max_digits=30, decimal_places=10, default=0)
    unpriced = models.BigIntegerField(_("answers without a price"), default=0)
    alerted_percent = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "renum_budget_periods"
        verbose_name = _("period of a budget")
        verbose_name_plural = _("periods of budgets")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(name="budget_period_once", fields=["budget", "starts_at"]),
            models.UniqueConstraint(name="budget_period_once_a_run", fields=["budget", "execution_id"]),
            models.CheckConstraint(
                name="budget_period_of_its_span",
                condition=Q(execution_id__isnull=False, starts_at__isnull=True, ends_at__isnull=True)
                | Q(execution_id__isnull=True, starts_at__lt=models.F("ends_at")),
            ),
            models.CheckConstraint(
                name="budget_period_not_negative", condition=Q(spent_usd__gte=0) & Q(unpriced__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.budget_id} {self.starts_at or self.execution_id}"


class ReservationBasis(models.TextChoices):
    """What the amount of a reservation is drawn from."""

    HISTORY = "history", _("the step's last runs")
    PROMPT_SIZE = "prompt_size", _("the size of the prompt")
    ASSUMED = "assumed", _("an assumption")


class Reservation(models.Model):
    """What an attempt is expected to cost, kept free in one period until its usage is in.

    `settled_at` is empty as long as the amount is kept free. Ids and step are plain values: billing knows no
    executions.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    period = models.ForeignKey(
        BudgetPeriod, on_delete=models.CASCADE, related_name="reservations", verbose_name=_("period")
    )
    execution_id = models.UUIDField(_("execution"))
    step_id = models.CharField(_("step"), max_length=128)
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    amount_usd = models.DecimalField(_("reserved, USD"), max_digits=20, decimal_places=10)
    basis = models.CharField(_("basis"), max_length=20, choices=ReservationBasis.choices)
    created_at = models.DateTimeField(_("created at"))
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        db_table = "renum_budget_reservations"
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        ordering = ["-id"]
        indexes = [
            models.Index(name="reservation_held", fields=["period"], condition=Q(settled_at__isnull=True)),
            models.Index(name="reservation_of_step", fields=["execution_id", "step_id", "attempt"]),
        ]
        constraints = [
            models.UniqueConstraint(
                name="reservation_once", fields=["period", "execution_id", "step_id", "attempt"]
            ),
            models.CheckConstraint(name="reservation_not_negative", condition=Q(amount_usd__gte=0)),
            models.CheckConstraint(name="reservation_attempt_from_one", condition=Q(attempt__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.step_id} {self.attempt}"


class BudgetAlert(models.Model):
    """That a period was used up to a part of its limit: told on the pages, and by mail.

    `spent_usd` and `limit_usd` are what they were then. `mailed_at` is set once nothing is left to be sent,
    `tries` counts how often that was tried, and before `next_try_at` nobody tries again.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    period = models.ForeignKey(
        BudgetPeriod, on_delete=models.CASCADE, related_name="alerts", verbose_name=_("period")
    )
    percent = models.PositiveSmallIntegerField(_("percent"))
    spent_usd = models.DecimalField(_("spent, USD"), max_digits=30, decimal_places=10)
    limit_usd = models.DecimalField(
        _("limit, USD"), max_digits=LIMIT_DIGITS, decimal_places=LIMIT_DECIMAL_PLACES
    )
    created_at = models.DateTimeField(_("created at"))
    mailed_at = models.DateTimeField(_("mailed at"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "renum_budget_alerts"
        verbose_name = _("alert of a budget")
        verbose_name_plural = _("alerts of budgets")
        ordering = ["-id"]
        indexes = [
            models.Index(name="budget_alert_unmailed", fields=["id"], condition=Q(mailed_at__isnull=True))
        ]
        constraints = [
            models.UniqueConstraint(name="budget_alert_once", fields=["period", "percent", "limit_usd"]),
            models.CheckConstraint(name="budget_alert_percent_known", condition=Q(percent__in=[50, 80, 100])),
        ]

    def __str__(self) -> str:
        return f"{self.percent} %"
