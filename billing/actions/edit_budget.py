"""Change a budget: its name, its limit, what happens there, and whether it limits at all."""

import logging
from collections.abc import Collection
from decimal import Decimal

from django.db import transaction
from django.db.models.functions import Now

from billing.actions.budget_fields import check_budget_seen, check_choice, check_may_change, clean_limit
from billing.budgets import judge_again
from billing.models import AtLimit, Budget
from teams.actions.audit import audited
from teams.actions.naming import clean_name
from teams.models import User
from teams.models.database_time import database_now

logger = logging.getLogger(__name__)


@audited("budget_edited", about="budget")
def edit_budget(
    budget: Budget,
    *,
    by: User,
    name: str | None = None,
    limit_usd: Decimal | None = None,
    at_limit: str | None = None,
    is_active: bool | None = None,
    seen: Collection[str] | None = None,
) -> Budget:
    """Change what is given; starts that come later are held against it.

    What a budget limits and for how long stays as it is: another one is made for that. `seen` are the marks
    under which it was last seen. Raises NotAllowed, InvalidInput, ChangedMeanwhile, Budget.DoesNotExist.
    """
    with transaction.atomic():
        current = Budget.objects.select_for_update(no_key=True).get(pk=budget.pk)
        check_may_change(by, current, permission="billing.change_budget")
        check_budget_seen(current, seen)
        if name is not None:
            current.name = clean_name(name)
        if limit_usd is not None:
            current.limit_usd = clean_limit(limit_usd)
        if at_limit is not None:
            check_choice(at_limit, AtLimit.values, pointer="/at_limit")
            current.at_limit = at_limit
        if is_active is not None:
            current.is_active = is_active
        current.save(update_fields=["name", "limit_usd", "at_limit", "is_active"])
        Budget.objects.filter(pk=current.pk).update(changed_at=Now())
        judge_again(current, at=database_now())
    current.refresh_from_db()
    logger.info("budget changed", extra={"budget_id": str(current.id), "user_id": str(by.pk)})
    return current
