"""Give answers that were recorded already the prices that are known for their moments now."""

import datetime as dt
import logging

from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now

from billing.ledger.reprice import Effect, Scope, TooManyRows, find_effect
from billing.models import Repricing
from executions.orchestrator.queue import enqueue_repricing
from teams.actions.audit import audited
from teams.actions.refusal import Refusal, input_problem
from teams.models import User
from teams.models.database_time import database_now

logger = logging.getLogger(__name__)

RIGHT = "billing.add_repricing"
REASON_CHARS = 500


class TooManyToReprice(Refusal):
    """The period has more answers than one act may change."""

    code = "too_many_rows"
    status = 409


class NothingToReprice(Refusal):
    """Every answer costs what it would cost now."""

    code = "nothing_to_reprice"
    status = 409


class EffectChanged(Refusal):
    """What the act would do is not what was shown."""

    code = "effect_changed"
    status = 412


def preview_repricing(
    *, by: User, model_name: str, provider: str, starts_at: dt.datetime, ends_at: dt.datetime
) -> Effect:
    """Return what a re-pricing would do; nothing is changed.

    Raises PermissionDenied without the right billing.add_repricing, InvalidInput, TooManyToReprice.
    """
    if not by.has_perm(RIGHT):
        raise PermissionDenied("re-pricing needs the right to add re-pricings")
    if not model_name.strip():
        raise input_problem("/model_name", "required", "Name the model as the ledger shows it.")
    if starts_at >= ends_at:
        raise input_problem("/ends_at", "invalid_value", "The period ends after it begins.")
    if ends_at > database_now():
        raise input_problem("/ends_at", "invalid_value", "The period has to be over.")
    scope = Scope(
        model_name=model_name.strip(), provider=provider.strip(), starts_at=starts_at, ends_at=ends_at
    )
    try:
        return find_effect(scope)
    except TooManyRows:
        raise TooManyToReprice("Choose a shorter period: 200,000 answers are the most at once.") from None


@audited("usage_repriced")
def reprice_usage(
    *,
    by: User,
    model_name: str,
    provider: str,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    reason: str,
    seen: str,
) -> Repricing:
    """Begin a re-pricing; a worker carries it out, and the sweep goes on with it where one died.

    `seen` is the mark of the effect that was shown (`effect_mark`): another one is EffectChanged, and nothing
    is begun. Raises what `preview_repricing` does, and NothingToReprice.
    """
    if not reason.strip() or len(reason) > REASON_CHARS:
        message = f"Say why, in at most {REASON_CHARS} characters: it is kept with the act."
        raise input_problem("/reason", "required", message)
    effect = preview_repricing(
        by=by, model_name=model_name, provider=provider, starts_at=starts_at, ends_at=ends_at
    )
    if effect.changed == 0:
        raise NothingToReprice("Every answer of that period costs what it would cost now.")
    if effect_mark(effect) != seen:
        raise EffectChanged("The answers or the prices changed meanwhile. Look at the effect again.")
    act = Repricing.objects.create(
        provider=provider.strip(),
        model_name=model_name.strip(),
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip(),
        created_by=by,
        created_at=Now(),
    )
    logger.info("re-pricing begun", extra={"repricing_id": str(act.pk), "user_id": str(by.pk)})
    enqueue_repricing()
    return act


def effect_mark(effect: Effect) -> str:
    """Return a short text that changes with what a re-pricing would do."""
    return f"{effect.rows}-{effect.changed}-{effect.old_cost_usd:f}-{effect.new_cost_usd:f}"
