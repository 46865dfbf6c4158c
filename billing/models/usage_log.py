"""The ledger: one row for each answer that a model gave. Rows are appended; see `billing.ledger`."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.pricing import PricingStatus
from teams.models import Team
from teams.models.uuid7 import new_id

if TYPE_CHECKING:
    from teams.models import User

TOKEN_COLUMNS = ("tokens_input", "tokens_output", "tokens_cached", "tokens_reasoning")


class ApiKeyType(models.TextChoices):
    """Whose key the model was called with; unknown where the service does not say."""

    USER_PROVIDED = "user_provided", _("user's own key")
    SUNA_ACCOUNT = "suna_account", _("Suna's account")
    UNKNOWN = "unknown", _("unknown")


_PRICING_WORDS = {
    PricingStatus.PRICED: _("priced"),
    PricingStatus.UNPRICED: _("no price known"),
    PricingStatus.UNREPORTED: _("tokens not reported"),
}


def _not_negative(*columns: str) -> Q:
    condition = Q()
    for column in columns:
        condition &= Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__gte": 0})
    return condition


class UsageLogQuerySet(models.QuerySet["UsageLog"]):
    """The one place that says which rows of the ledger a person may see."""

    def for_user(self, user: "User") -> "UsageLogQuerySet":
        """Return what the user pays for, and what the teams cost in which they have a role.

        Whoever pays sees all that is billed to them, also for a team that is gone or that they left.
        """
        # The ids themselves, not a subquery: only so can PostgreSQL put two indexes together.
        teams = list(Team.objects.for_user(user).order_by().values_list("pk", flat=True))
        return self.filter(Q(payer=user) | Q(team__in=teams))


class UsageLog(models.Model):
    """One model response: its tokens, its price and who pays. A trigger refuses changes and deletion.

    The ids of execution, run and connection are plain UUIDs, and the team's name is kept beside the team,
    because the ledger outlives what it bills. `cost_usd` is null exactly where `pricing` is not `priced`.
    `source_id` is the service's own id of the response, with the run's id and a colon before it where another
    run's response had the same one. Token counts are null where they were not
    reported; `tokens_input` includes `tokens_cached`, `tokens_output` includes `tokens_reasoning`. People and
    teams may be deleted: their columns are emptied then, the row stays.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(_("created at"))
    execution_id = models.UUIDField(_("execution"))
    agent_run_id = models.UUIDField(_("agent run"))
    connection_id = models.UUIDField(_("connection"))
    source_id = models.CharField(_("source id"), max_length=200)
    agent_id = models.CharField(_("agent"), max_length=128)
    step_id = models.CharField(_("step"), max_length=128)
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    team = models.ForeignKey(
        "teams.Team",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("team"),
    )
    team_name = models.CharField(_("team's name then"), max_length=100, blank=True)
    payer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("payer"),
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("started by"),
    )
    key_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("key owner"),
    )
    model_provider = models.CharField(_("provider"), max_length=100, blank=True)
    model_name = models.CharField(_("model"), max_length=200, blank=True)
    api_key_type = models.CharField(
        _("key"), max_length=20, choices=ApiKeyType.choices, default=ApiKeyType.UNKNOWN
    )
    tokens_input = models.BigIntegerField(_("input tokens"), null=True, blank=True)
    tokens_output = models.BigIntegerField(_("output tokens"), null=True, blank=True)
    tokens_cached = models.BigIntegerField(_("cached input tokens"), null=True, blank=True)
    tokens_reasoning = models.BigIntegerField(_("reasoning tokens"), null=True, blank=True)
    reported = models.BooleanField(_("tokens reported"))
    cost_usd = models.DecimalField(_("cost, USD"), max_digits=20, decimal_places=10, null=True, blank=True)
    pricing = models.CharField(
        _("pricing"), max_length=20, choices=[(one.value, _PRICING_WORDS[one]) for one in PricingStatus]
    )
    price_source = models.CharField(_("price source"), max_length=100, blank=True)
    unit_prices = models.JSONField(_("unit prices"), default=dict, blank=True)
    request_data = models.JSONField(_("request"), default=dict, blank=True)
    response_data = models.JSONField(_("response"), default=dict, blank=True)

    objects = UsageLogQuerySet.as_manager()

    class Meta:
        db_table = "renum_ai_usage_logs"
        verbose_name = _("usage log")
        verbose_name_plural = _("usage logs")
        ordering = ["-id"]
        indexes = [
            models.Index(name="usage_log_of_execution", fields=["execution_id"]),
            models.Index(name="usage_log_of_run", fields=["agent_run_id"]),
            models.Index(name="usage_log_of_payer", fields=["payer", "created_at"]),
            models.Index(name="usage_log_of_team", fields=["team", "created_at"]),
            # Rows come in the order of their time: a summary of pages is enough, and costs nothing to append.
            BrinIndex(
                name="usage_log_by_time", fields=["created_at"], autosummarize=True, pages_per_range=32
            ),
            models.Index(
                name="usage_log_unpriced",
                fields=["model_name"],
                condition=Q(pricing=PricingStatus.UNPRICED.value),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="usage_log_once_per_response", fields=["connection_id", "source_id"]
            ),
            models.CheckConstraint(name="usage_log_source_named", condition=~Q(source_id="")),
            models.CheckConstraint(
                name="usage_log_tokens_not_negative", condition=_not_negative(*TOKEN_COLUMNS)
            ),
            models.CheckConstraint(name="usage_log_cost_not_negative", condition=_not_negative("cost_usd")),
            models.CheckConstraint(
                name="usage_log_cost_iff_priced",
                condition=(Q(pricing="priced", cost_usd__isnull=False) & ~Q(price_source=""))
                | (Q(pricing__in=["unpriced", "unreported"]) & Q(cost_usd__isnull=True)),
            ),
            models.CheckConstraint(
                name="usage_log_reported_iff_tokens",
                condition=Q(reported=True, tokens_input__isnull=False, tokens_output__isnull=False)
                | (Q(reported=False) & (Q(tokens_input__isnull=True) | Q(tokens_output__isnull=True))),
            ),
            models.CheckConstraint(
                name="usage_log_unreported_iff_not_reported",
                condition=(Q(reported=False) & Q(pricing="unreported"))
                | (Q(reported=True) & ~Q(pricing="unreported")),
            ),
            models.CheckConstraint(
                name="usage_log_key_type_known", condition=Q(api_key_type__in=ApiKeyType.values)
            ),
            models.CheckConstraint(name="usage_log_attempt_from_one", condition=Q(attempt__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.model_name or 'unknown model'} {self.created_at:%Y-%m-%d %H:%M}"
