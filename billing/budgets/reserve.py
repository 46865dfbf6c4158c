"""Reserving what attempts are expected to cost, before they start."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Sum

from billing.budgets.amounts import Amount, Spender, Wanted, find_amounts
from billing.budgets.period_rows import Locked, PeriodKey, find_budgets, key_of, lock_periods
from billing.models import AtLimit, Budget, BudgetPeriod, Reservation, ReservationBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """An attempt that may start, with its reservations: one for each budget it falls under."""

    reservations: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A hard budget that has no room, and what happens at its limit; reservations aside where it is said."""

    scope: str
    span: str
    at_limit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservations:
    """What budgets say to attempts that want to start.

    `granted` and `waiting` go by step; what waits does so for the settling of other reservations. Where
    `reached` is set, nothing was reserved, and nothing more shall start.
    """

    granted: Mapping[str, Granted] = field(default_factory=dict)
    waiting: Mapping[str, Reached] = field(default_factory=dict)
    reached: Reached | None = None


@dataclass(slots=True, kw_only=True)
class _Room:
    """One period while attempts are being let in."""

    budget: Budget
    period: BudgetPeriod
    held: Decimal

    def amount_for(self, expected: Amount) -> Decimal:
        if expected.basis == ReservationBasis.ASSUMED:
            # Where nothing is known, what is left must do, however little that is.
            return max(min(expected.usd, self.budget.limit_usd - self.period.spent_usd), Decimal(0))
        return expected.usd

    def is_reached_by(self, expected: Amount) -> bool:
        if self.period.spent_usd >= self.budget.limit_usd:
            return True
        return self.period.spent_usd + self.amount_for(expected) > self.budget.limit_usd

    def is_full_for(self, expected: Amount) -> bool:
        return self.period.spent_usd + self.held + self.amount_for(expected) > self.budget.limit_usd

    def as_reached(self) -> Reached:
        return Reached(scope=self.budget.scope, span=self.budget.span, at_limit=self.budget.at_limit)


def budgets_exist() -> bool:
    """Whether there is any budget that limits something."""
    return Budget.objects.filter(is_active=True).exists()


def reserve(spender: Spender, wanted: Sequence[Wanted], *, at: dt.datetime) -> Reservations:
    """Reserve for each attempt, in their order, what it is expected to cost, in a transaction of its own.

    Reserving for the same attempt again gives the same reservation, with the amount as it is expected now.
    `at` is PostgreSQL's time: it says which period it is.
    """
    budgets = find_budgets(payers=[spender.payer_id], teams=[spender.team_id], only_active=True)
    if not budgets:
        return Reservations(granted={one.step_id: Granted() for one in wanted})
    amounts = find_amounts(spender, wanted, at=at)
    keys = {key_of(budget, execution_id=spender.execution_id, at=at): budget for budget in budgets}
    with transaction.atomic():
        rooms = _open_rooms(keys, lock_periods(keys), spender, wanted)
        granted: dict[str, Granted] = {}
        waiting: dict[str, Reached] = {}
        rows: list[Reservation] = []
        hard = [room for room in rooms if room.budget.is_hard]
        for one in wanted:
            expected = amounts[one.step_id]
            reached = [room for room in hard if room.is_reached_by(expected)]
            if reached:
                return Reservations(reached=_strictest(reached).as_reached())
            full = next((room for room in hard if room.is_full_for(expected)), None)
            if full is not None:
                waiting[one.step_id] = full.as_reached()
                continue
            built = [_build(room, spender, one, expected, at=at) for room in rooms]
            rows += built
            granted[one.step_id] = Granted(reservations=tuple(row.id for row in built))
        _write(rows)
    return Reservations(granted=granted, waiting=waiting)


def confirm(reservations: Collection[uuid.UUID]) -> None:
    """Keep these reservations, in the transaction that decides the starts which they were made for.

    A driver that stood still between the two may find them given back by the sweep: then they are held again.
    """
    rows = Reservation.objects.filter(id__in=reservations, settled_at__isnull=False)
    rows.update(settled_at=None)


def find_stopping(spender: Spender, *, at: dt.datetime) -> Reached | None:
    """Return a budget that stops what is running because all of its limit is spent; None where none does."""
    budgets = find_budgets(payers=[spender.payer_id], teams=[spender.team_id], only_active=True)
    for budget in budgets:
        if budget.at_limit != AtLimit.STOP:
            continue
        key = key_of(budget, execution_id=spender.execution_id, at=at)
        period = BudgetPeriod.objects.filter(
            budget=budget, execution_id=key.execution_id, starts_at=key.starts_at
        ).first()
        if period is not None and period.spent_usd >= budget.limit_usd:
            return Reached(scope=budget.scope, span=budget.span, at_limit=budget.at_limit)
    return None


def _open_rooms(
    keys: Mapping[PeriodKey, Budget],
    locked: Mapping[PeriodKey, Locked],
    spender: Spender,
    wanted: Sequence[Wanted],
) -> list[_Room]:
    """Return the periods with what is kept free in each for others than those who want to start now."""
    held = Reservation.objects.filter(
        period_id__in=[one.row.id for one in locked.values()], settled_at__isnull=True
    )
    for one in wanted:
        held = held.exclude(execution_id=spender.execution_id, step_id=one.step_id, attempt=one.attempt)
    sums = dict(held.order_by().values_list("period_id").annotate(usd=Sum("amount_usd")))
    return [
        _Room(
            budget=budget,
            period=locked[key].row,
            held=sums.get(locked[key].row.id, Decimal(0)),
        )
        for key, budget in keys.items()
    ]


def _strictest(reached: Sequence[_Room]) -> _Room:
    return next((room for room in reached if room.budget.at_limit == AtLimit.STOP), reached[0])


def _build(
    room: _Room, spender: Spender, wanted: Wanted, expected: Amount, *, at: dt.datetime
) -> Reservation:
    amount = room.amount_for(expected)
    room.held += amount
    return Reservation(
        period=room.period,
        execution_id=spender.execution_id,
        step_id=wanted.step_id,
        attempt=wanted.attempt,
        amount_usd=amount,
        basis=expected.basis,
        created_at=at,
    )


_WRITE = """
INSERT INTO renum_budget_reservations
    (id, period_id, execution_id, step_id, attempt, amount_usd, basis, created_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::smallint[], %s::numeric[],
    %s::text[], %s::timestamptz[])
ON CONFLICT (period_id, execution_id, step_id, attempt) DO UPDATE SET id = EXCLUDED.id,
    amount_usd = EXCLUDED.amount_usd, basis = EXCLUDED.basis, created_at = EXCLUDED.created_at,
    settled_at = NULL
"""


def _write(rows: Sequence[Reservation]) -> None:
    if not rows:
        return
    columns = ("id", "period_id", "execution_id", "step_id", "attempt", "amount_usd", "basis", "created_at")
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [[getattr(row, name) for row in rows] for name in columns])
