"""Delete a budget, with what was noted of its periods. The ledger stays as it is."""

import logging
from collections.abc import Collection

from django.db import transaction

from billing.actions.budget_fields import check_budget_seen, check_may_change
from billing.models import Budget
from teams.actions.audit import audited
from teams.models import User

logger = logging.getLogger(__name__)


@audited("budget_deleted", about="budget")
def delete_budget(budget: Budget, *, by: User, seen: Collection[str] | None = None) -> None:
    """Delete the budget: it limits nothing any more, and what waited for it starts.

    Raises NotAllowed, ChangedMeanwhile and Budget.DoesNotExist.
    """
    with transaction.atomic():
        current = Budget.objects.select_for_update().get(pk=budget.pk)
        check_may_change(by, current, permission="billing.delete_budget")
        check_budget_seen(current, seen)
        current.delete()
    logger.info("budget deleted", extra={"budget_id": str(budget.pk), "user_id": str(by.pk)})
