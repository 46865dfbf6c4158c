"""Make a budget: a limit on what a payer, a team or the whole site may cost."""

import logging
from decimal import Decimal

from django.db import OperationalError, transaction
from django.db.models.functions import Now

from billing.actions.budget_fields import check_choice, check_time_zone, clean_limit, may_set
from billing.budgets.period_rows import key_of, lock_ledger_against_appends, lock_periods
from billing.models import AtLimit, Budget, BudgetScope, BudgetSpan
from teams.actions.audit import audited
from teams.actions.naming import clean_name
from teams.actions.refusal import NotAllowed, Refusal, input_problem
from teams.models import Team, User
from teams.models.database_time import database_now

logger = logging.getLogger(__name__)

MOST_BUDGETS = 20
"""So many of one person or one team: every start asks each of them."""


class LedgerBusy(Refusal):
    """The ledger was being written for longer than a request may wait."""

    code = "busy"
    status = 503
    retry_after_s = 5


class TooManyBudgets(Refusal):
    """There are as many budgets of that person or team as there can be."""

    code = "too_many_budgets"
    status = 409


@audited("budget_made")
def create_budget(
    *,
    by: User,
    name: str,
    scope: str,
    span: str,
    limit_usd: Decimal,
    at_limit: str = AtLimit.DRAIN,
    time_zone: str = "UTC",
    user: User | None = None,
    team: Team | None = None,
) -> Budget:
    """Make a budget of `user`, of `team`, or of the site, as `scope` says; what was spent already counts.

    A user's is set by themselves, a team's by its owner, each of them and the site's by staff with the right
    billing.add_budget. Raises NotAllowed, InvalidInput, TooManyBudgets, LedgerBusy.
    """
    check_choice(scope, BudgetScope.values, pointer="/scope")
    check_choice(span, BudgetSpan.values, pointer="/span")
    check_choice(at_limit, AtLimit.values, pointer="/at_limit")
    check_time_zone(time_zone)
    user = user if scope == BudgetScope.USER else None
    team = team if scope == BudgetScope.TEAM else None
    if scope == BudgetScope.USER and user is None:
        raise input_problem("/user", "required", "Say whose budget it is.")
    if scope == BudgetScope.TEAM and team is None:
        raise input_problem("/team", "required", "Say which team's budget it is.")
    if not may_set(by, scope=scope, user=user, team=team, permission="billing.add_budget"):
        raise NotAllowed("A team's budget is its owner's to set, and the site's is staff's.")
    name, limit_usd = clean_name(name), clean_limit(limit_usd)
    try:
        with transaction.atomic():
            lock_ledger_against_appends()
            if Budget.objects.filter(scope=scope, user=user, team=team).count() >= MOST_BUDGETS:
                raise TooManyBudgets(f"There are {MOST_BUDGETS} already. Change one of them, or delete one.")
            budget = Budget.objects.create(
                name=name,
                scope=scope,
                user=user,
                team=team,
                span=span,
                time_zone=time_zone,
                limit_usd=limit_usd,
                at_limit=at_limit,
                created_by=by,
                created_at=Now(),
                changed_at=Now(),
            )
            if span != BudgetSpan.RUN:
                # So a period without a row is one into which nothing has fallen.
                key = key_of(budget, execution_id=None, at=database_now())
                lock_periods({key: budget})
    except OperationalError as error:
        raise LedgerBusy("Costs are being written just now. Try again in some seconds.") from error
    budget.refresh_from_db()
    logger.info("budget made", extra={"budget_id": str(budget.id), "user_id": str(by.pk)})
    return budget
