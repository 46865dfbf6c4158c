"""Carrying out re-pricings, batch by batch: rows, totals of executions and budgets change together.

Each batch is a transaction that begins where the last one ended, so that one which dies half-way is gone on
with by the next sweep, and nothing is changed twice. Closed statements stay: what changed comes to the next.
"""

import logging
import time
import uuid

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from billing.budgets import Difference, count_differences
from billing.ledger.reprice import (
    Effect,
    NewPrice,
    Scope,
    find_new_prices,
    find_prices,
    next_rows,
    write_new_prices,
)
from billing.models import Repricing, UsageLog
from billing.pricing import PricingStatus
from executions.orchestrator.totals import write_totals
from teams.models.database_time import database_now

logger = logging.getLogger(__name__)


def go_on_with_repricings(*, until: float) -> int:
    """Change rows until none is left or `until`, a monotonic time; return how many were changed."""
    changed = 0
    while time.monotonic() < until:
        done = _do_batch()
        if done is None:
            break
        changed += done
    return changed


@transaction.atomic
def _do_batch() -> int | None:
    """Do the next batch of the oldest re-pricing that nobody else is at; None where there is none."""
    opened = Repricing.objects.filter(finished_at__isnull=True).order_by("id")
    act = opened.select_for_update(skip_locked=True, no_key=True).first()
    if act is None:
        return None
    scope = scope_of(act)
    rows = next_rows(scope, after=act.done_up_to)
    if not rows:
        Repricing.objects.filter(pk=act.pk).update(finished_at=Now())
        logger.info("re-pricing finished", extra={"repricing_id": str(act.pk)})
        return 0
    # Executions come before the ledger, the ledger before budgets: one order for everybody who writes costs.
    executions = _lock_executions({row.execution_id for row in rows})
    rows = list(
        UsageLog.objects.filter(pk__in=[row.pk for row in rows]).order_by("id").select_for_update(no_key=True)
    )
    found = find_new_prices(rows, find_prices(act.model_name))
    effect = Effect()
    effect.add(rows, found)
    differences = [_difference(one) for one in found]
    write_new_prices(found, repricing_id=act.pk)
    write_totals(executions & {one.row.execution_id for one in found})
    Repricing.objects.filter(pk=act.pk).update(
        done_up_to=rows[-1].pk,
        rows_changed=F("rows_changed") + effect.changed,
        old_cost_usd=F("old_cost_usd") + effect.old_cost_usd,
        new_cost_usd=F("new_cost_usd") + effect.new_cost_usd,
    )
    count_differences(differences, at=database_now())
    return effect.changed


def scope_of(act: Repricing) -> Scope:
    """Return what an act is about."""
    return Scope(
        model_name=act.model_name, provider=act.provider, starts_at=act.starts_at, ends_at=act.ends_at
    )


def _difference(one: NewPrice) -> Difference:
    was_unpriced = one.row.pricing != PricingStatus.PRICED.value
    return Difference(row=one.row, usd=one.usd, unpriced=-int(was_unpriced))


def _lock_executions(ids: set[uuid.UUID]) -> set[uuid.UUID]:
    """Lock those executions that are still there, by id, and return them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM renum_team_executions WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [sorted(ids)],
        )
        return {row[0] for row in cursor.fetchall()}
