"""The billing app: what it cost and who pays."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """Keys, prices and the ledger. It has never heard of executions: their ids are plain UUIDs here."""

    name = "billing"
    verbose_name = _("Billing")
