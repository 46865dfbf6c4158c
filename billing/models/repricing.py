"""Re-pricing: an act of staff that gives rows of the ledger the prices that hold for their moments now.

It is the only way in which a row's price changes. A trigger lets it through in the name of such an act alone,
and writes down what the row had before.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.pricing import PricingStatus
from teams.models.uuid7 import new_id


class Repricing(models.Model):
    """One act: which rows were meant, why, by whom, and what came of it.

    Meant are the answers of `model_name` (of `provider`, or of any where it is empty) from `starts_at` up to,
    but not at, `ends_at`, that were there when it began. `done_up_to` is the last row that was looked at: a
    process that dies leaves it to whoever comes next. The sums are those of the changed rows; a row without a
    price adds nothing to the old one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(_("provider"), max_length=100, blank=True)
    model_name = models.CharField(_("model"), max_length=200)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=500)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("created at"))
    done_up_to = models.UUIDField(null=True, blank=True, editable=False)
    rows_changed = models.PositiveIntegerField(_("rows changed"), default=0)
    old_cost_usd = models.DecimalField(_("cost before, USD"), max_digits=30, decimal_places=10, default=0)
    new_cost_usd = models.DecimalField(_("cost after, USD"), max_digits=30, decimal_places=10, default=0)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        db_table = "renum_repricings"
        verbose_name = _("re-pricing")
        verbose_name_plural = _("re-pricings")
        ordering = ["-id"]
        indexes = [
            models.Index(name="repricing_open", fields=["id"], condition=Q(finished_at__isnull=True)),
        ]
        constraints = [
            models.CheckConstraint(name="repricing_named", condition=~Q(model_name="") & ~Q(reason="")),
            models.CheckConstraint(name="repricing_period", condition=Q(starts_at__lt=F("ends_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.provider or '*'}/{self.model_name}"


class PriceChange(models.Model):
    """What a row of the ledger cost before and after a re-pricing. Written by a trigger; never changed.

    The row is named by its plain id: retention may delete it, and this with it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    repricing = models.ForeignKey(
        Repricing, on_delete=models.PROTECT, related_name="changes", verbose_name=_("re-pricing")
    )
    usage_log_id = models.UUIDField(_("usage log"))
    changed_at = models.DateTimeField(_("changed at"))
    old_pricing = models.CharField(
        _("pricing before"), max_length=20, choices=[(one.value, one.value) for one in PricingStatus]
    )
    old_cost_usd = models.DecimalField(
        _("cost before, USD"), max_digits=20, decimal_places=10, null=True, blank=True
    )
    old_price_source = models.CharField(_("price source before"), max_length=100, blank=True)
    old_unit_prices = models.JSONField(_("unit prices before"), default=dict, blank=True)
    new_cost_usd = models.DecimalField(_("cost after, USD"), max_digits=20, decimal_places=10)
    new_price_source = models.CharField(_("price source after"), max_length=100)

    class Meta:
        db_table = "renum_price_changes"
        verbose_name = _("price change")
        verbose_name_plural = _("price changes")
        ordering = ["-id"]
        indexes = [models.Index(name="price_change_of_row", fields=["usage_log_id"])]
        constraints = [
            models.UniqueConstraint(name="price_change_once", fields=["repricing", "usage_log_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.usage_log_id}"
