"""What may stand in a budget, and who may set one: shared by making, changing and deleting it."""

import hashlib
import json
import zoneinfo
from collections.abc import Collection
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from billing.models import Budget, BudgetScope
from billing.models.budget import LIMIT_DECIMAL_PLACES, LIMIT_DIGITS
from teams.actions.refusal import NotAllowed, input_problem
from teams.actions.rights import may
from teams.actions.team_mark import MARK_CHARS, ChangedMeanwhile
from teams.models import Team, User

MOST_USD = Decimal(10) ** (LIMIT_DIGITS - LIMIT_DECIMAL_PLACES)
_STEP = Decimal(1).scaleb(-LIMIT_DECIMAL_PLACES)


def clean_limit(limit_usd: Decimal) -> Decimal:
    """Return the limit at six decimal places. Raises InvalidInput where it is no amount or not above 0."""
    try:
        cleaned = limit_usd.quantize(_STEP, rounding=ROUND_HALF_EVEN) if limit_usd.is_finite() else Decimal(0)
    except InvalidOperation:
        cleaned = MOST_USD
    if not 0 < cleaned < MOST_USD:
        message = "A limit is an amount in US dollars, above 0 and below 100 million."
        raise input_problem("/limit_usd", "invalid_value", message)
    return cleaned


def check_choice(value: str, known: Collection[str], *, pointer: str) -> None:
    """Raise InvalidInput where a word is none of those that there are."""
    if value not in known:
        raise input_problem(pointer, "invalid_value", f"It is one of {', '.join(known)}.")


def check_time_zone(name: str) -> None:
    """Raise InvalidInput where that is no time zone."""
    if name not in zoneinfo.available_timezones():
        message = "A time zone is a name of the IANA database, for example America/Sao_Paulo."
        raise input_problem("/time_zone", "invalid_value", message)


def may_set(by: User, *, scope: str, user: User | None, team: Team | None, permission: str) -> bool:
    """Whether somebody may make, change or delete such a budget: their own, their team's, staff any."""
    if by.is_active and by.is_staff and by.has_perm(permission):
        return True
    if scope == BudgetScope.USER:
        return user == by
    return scope == BudgetScope.TEAM and team is not None and may(by, "owner", team)


def may_change(by: User, budget: Budget, *, permission: str = "billing.change_budget") -> bool:
    """Whether somebody may change a budget that is there."""
    return may_set(by, scope=budget.scope, user=budget.user, team=budget.team, permission=permission)


def check_may_change(by: User, budget: Budget, *, permission: str) -> None:
    """Raise NotAllowed where somebody may not do this to the budget."""
    if not may_change(by, budget, permission=permission):
        raise NotAllowed("A team's budget is its owner's to set, and the site's is staff's.")


def budget_mark(budget: Budget) -> str:
    """Return what two editors of a budget compare."""
    seen = [str(budget.id), budget.name, str(budget.limit_usd), budget.at_limit, budget.is_active]
    return hashlib.sha256(json.dumps(seen).encode("utf-8", "surrogatepass")).hexdigest()[:MARK_CHARS]


def check_budget_seen(budget: Budget, seen: Collection[str] | None) -> None:
    """Raise ChangedMeanwhile where none of the marks is the budget's; None asks for nothing."""
    if seen is not None and budget_mark(budget) not in seen:
        raise ChangedMeanwhile("Somebody changed the budget meanwhile. Look at it again, then change it.")
