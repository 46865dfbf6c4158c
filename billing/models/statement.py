"""Monthly statements: what a payer's rows of the ledger came to, as figures that never change again."""

from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.usage_log import ApiKeyType
from teams.models.uuid7 import new_id

if TYPE_CHECKING:
    from teams.models import User

COUNTS = (
    "responses",
    "tokens_input",
    "tokens_output",
    "tokens_cached",
    "tokens_reasoning",
    "unpriced",
    "unreported",
)


class _Figures(models.Model):
    """What rows came to. In corrections every figure may be below 0."""

    responses = models.BigIntegerField(_("answers"), default=0)
    tokens_input = models.BigIntegerField(_("input tokens"), default=0)
    tokens_output = models.BigIntegerField(_("output tokens"), default=0)
    tokens_cached = models.BigIntegerField(_("cached input tokens"), default=0)
    tokens_reasoning = models.BigIntegerField(_("reasoning tokens"), default=0)
    cost_usd = models.DecimalField(_("cost, USD"), max_digits=30, decimal_places=10, default=Decimal(0))
    unpriced = models.BigIntegerField(_("without a price"), default=0)
    unreported = models.BigIntegerField(_("without tokens"), default=0)

    class Meta:
        abstract = True


class StatementQuerySet(models.QuerySet["Statement"]):
    """The one place that says who may see which statement."""

    def for_user(self, user: "User") -> "StatementQuerySet":
        """Return those that the user pays: what a team costs its members see in the ledger."""
        return self.filter(payer=user)


class Statement(_Figures):
    """One payer's month, from midnight to midnight in UTC. The figures are the sums of its lines.

    `month` is the first day. Once `closed_at` is set a trigger refuses every change but the payer's going;
    it is empty only within the transaction that closes it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("payer"),
    )
    payer_name = models.CharField(_("payer's name then"), max_length=150)
    month = models.DateField(_("month"))
    closed_at = models.DateTimeField(_("closed at"), null=True)

    objects = StatementQuerySet.as_manager()

    class Meta:
        db_table = "renum_statements"
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering = ["-month", "payer_name"]
        constraints = [
            models.UniqueConstraint(name="statement_once_a_month", fields=["payer", "month"]),
            models.CheckConstraint(name="statement_of_a_month", condition=Q(month__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.payer_name} {self.month:%Y-%m}"


class StatementLine(_Figures):
    """What one team, agent, model and kind of key came to in one month.

    A line of an earlier month than its statement's is a correction: what the ledger holds now of that month
    less what earlier statements told of it. Names are the ledger's, as they were then.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    statement = models.ForeignKey(
        Statement, on_delete=models.PROTECT, related_name="lines", verbose_name=_("statement")
    )
    month = models.DateField(_("month"))
    team_name = models.CharField(_("team's name then"), max_length=100, blank=True)
    agent_id = models.CharField(_("agent"), max_length=128)
    model_provider = models.CharField(_("provider"), max_length=100, blank=True)
    model_name = models.CharField(_("model"), max_length=200, blank=True)
    api_key_type = models.CharField(_("key"), max_length=20, choices=ApiKeyType.choices)

    class Meta:
        db_table = "renum_statement_lines"
        verbose_name = _("line of a statement")
        verbose_name_plural = _("lines of statements")
        ordering = ["-month", "team_name", "agent_id", "model_provider", "model_name", "api_key_type"]
        constraints = [
            models.UniqueConstraint(
                name="statement_line_once",
                fields=[
                    "statement",
                    "month",
                    "team_name",
                    "agent_id",
                    "model_provider",
                    "model_name",
                    "api_key_type",
                ],
            )
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.team_name} {self.model_name}"

    @property
    def is_correction(self) -> bool:
        """Whether it tells of an earlier month."""
        return self.month < self.statement.month
