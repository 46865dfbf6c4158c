"""Budgets as pages show them: whom they limit, how far they are used up, and in which words."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from billing.actions.budget_fields import may_change
from billing.budgets import Standing, find_standings
from billing.budgets.wording import AT_LIMIT, SPANS, whose_words
from billing.models import AtLimit, Budget, BudgetScope, BudgetSpan
from teams.models import Team, User

WARN_PERCENT = 80
"""From this part of its limit on a budget is told of wherever it matters."""
BAR = 1000
"""Into so many parts a bar is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetView:
    """A budget and its current period; `standing` is None for one of each execution.

    `spent_bar` and `reserved_bar` are lengths out of BAR, together never longer than it.
    """

    row: Budget
    standing: Standing | None
    whose: str
    span: str
    at_limit: str
    may_change: bool

    @property
    def level(self) -> str:
        """Return `bad` at the limit, `warn` near it, else `good`."""
        percent = 0 if self.standing is None else self.standing.percent
        return "bad" if percent >= 100 else "warn" if percent >= WARN_PERCENT else "good"

    @property
    def room_usd(self) -> Decimal:
        """Return what may be spent still: of the current period, or in one execution."""
        return self.row.limit_usd if self.standing is None else self.standing.left_usd

    @property
    def spent_bar(self) -> int:
        """Return the length of what is spent."""
        return 0 if self.standing is None else min(self.standing.percent * BAR // 100, BAR)

    @property
    def reserved_bar(self) -> int:
        """Return the length of what is kept free."""
        if self.standing is None:
            return 0
        share = int(self.standing.reserved_usd * BAR / self.standing.limit_usd)
        return min(share, BAR - self.spent_bar)


def budgets_seen_by(reader: User) -> QuerySet[Budget]:
    """Return the budgets that the reader may see, with all that their words need."""
    return Budget.objects.for_user(reader).select_related("team__owner", "user")


def build_budget_views(rows: Sequence[Budget], *, reader: User) -> list[BudgetView]:
    """Return them in their order. `rows` come with their teams, and the teams with their owners."""
    standings = find_standings(rows, at=timezone.now())
    return [
        BudgetView(
            row=row,
            standing=standings.get(row.id),
            whose=whose_words(row, reader=reader),
            span=str(SPANS[BudgetSpan(row.span)]),
            at_limit=str(AT_LIMIT[AtLimit(row.at_limit)]),
            may_change=may_change(reader, row),
        )
        for row in rows
    ]


def budgets_of_a_run(*, team: Team, payer: User, reader: User) -> list[BudgetView]:
    """Return the active budgets that a run of the team falls under, as far as the reader may see them."""
    rows = budgets_seen_by(reader).filter(is_active=True).order_by("id")
    return build_budget_views(
        [row for row in rows if _concerns(row, team_id=team.id, payer_id=payer.pk)], reader=reader
    )


def budgets_nearly_used_up(reader: User) -> list[BudgetView]:
    """Return the active ones whose current day or month is near its limit or beyond it."""
    rows = list(budgets_seen_by(reader).filter(is_active=True).exclude(span=BudgetSpan.RUN).order_by("id"))
    if not rows:
        return []
    return [view for view in build_budget_views(rows, reader=reader) if view.level != "good"]


def _concerns(budget: Budget, *, team_id: uuid.UUID, payer_id: uuid.UUID) -> bool:
    if budget.scope == BudgetScope.USER:
        return budget.user_id == payer_id
    return budget.scope == BudgetScope.SITE or budget.team_id == team_id
