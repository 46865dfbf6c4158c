"""Reading single rows of the ledger. Who may see them is decided by who may see the execution."""

import uuid

from django.db.models import QuerySet

from billing.models import UsageLog


def rows_of_execution(execution_id: uuid.UUID) -> QuerySet[UsageLog]:
    """Return the rows of one execution, failed attempts included, newest first."""
    return UsageLog.objects.filter(execution_id=execution_id).order_by("-id")
