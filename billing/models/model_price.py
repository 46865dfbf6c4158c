"""Prices that staff set, for models that the price list does not know or that cost us something else."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.pricing import PriceOverride
from teams.models.uuid7 import new_id

PRICE_DIGITS = 12
PRICE_DECIMAL_PLACES = 6


class ModelPrice(models.Model):
    """What a model costs from a moment on, until a newer row says otherwise. USD per million tokens.

    An empty `provider` holds for every provider. A row is never changed: ledger rows name it as the source
    of their price. `source` says where the figures were read.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(
        _("provider"), max_length=100, blank=True, help_text=_("Empty: whichever provider serves the model.")
    )
    model_name = models.CharField(_("model"), max_length=200, help_text=_("Exactly as the ledger shows it."))
    input_usd_per_mtok = models.DecimalField(
        _("input, USD per million tokens"), max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMAL_PLACES
    )
    output_usd_per_mtok = models.DecimalField(
        _("output, USD per million tokens"), max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMAL_PLACES
    )
    cached_usd_per_mtok = models.DecimalField(
        _("cached input, USD per million tokens"),
        max_digits=PRICE_DIGITS,
        decimal_places=PRICE_DECIMAL_PLACES,
        null=True,
        blank=True,
        help_text=_("Empty: the same as other input."),
    )
    valid_from = models.DateTimeField(_("valid from"))
    source = models.CharField(_("source"), max_length=500, help_text=_("Where the price was read, and when."))
    note = models.TextField(_("note"), blank=True, max_length=2000)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("set by"),
    )
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        db_table = "renum_model_prices"
        verbose_name = _("model price")
        verbose_name_plural = _("model prices")
        ordering = ["model_name", "provider", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                name="model_price_once_per_moment", fields=["provider", "model_name", "valid_from"]
            ),
            models.CheckConstraint(
                name="model_price_not_negative",
                condition=Q(input_usd_per_mtok__gte=0)
                & Q(output_usd_per_mtok__gte=0)
                & (Q(cached_usd_per_mtok__isnull=True) | Q(cached_usd_per_mtok__gte=0)),
            ),
            models.CheckConstraint(
                name="model_price_named_and_sourced", condition=~Q(model_name="") & ~Q(source="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider or '*'}/{self.model_name} from {self.valid_from:%Y-%m-%d}"

    def as_override(self) -> PriceOverride:
        """Return the row as the price arithmetic takes it."""
        return PriceOverride(
            id=str(self.id),
            provider=self.provider or None,
            model_name=self.model_name,
            input_usd_per_mtok=self.input_usd_per_mtok,
            output_usd_per_mtok=self.output_usd_per_mtok,
            cached_usd_per_mtok=self.cached_usd_per_mtok,
            valid_from=self.valid_from,
        )
