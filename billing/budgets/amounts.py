"""What an attempt is expected to cost: so much is kept free for it.

The mean of the step's last runs, where they have prices; else its prompt and one answer at the model's price,
which is a lower bound; else an assumed amount, never 0. A mean of 0 is known, and stands.
"""

import datetime as dt
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Context, Decimal
from typing import Any

from django.db import connection

from billing.models import ModelPrice, ReservationBasis
from billing.pricing import COST_STEP, MAX_TOKENS, price_response
from teams.models import Agent

RUNS_LOOKED_AT = 20
"""So many of a step's last runs count."""
ROWS_LOOKED_AT = 500
"""So many of the team's last rows of the ledger are searched for them."""
BYTES_PER_TOKEN = 4
TOKENS_PER_RESULT = 1_000
"""The same as the estimate before a run assumes."""
ASSUMED_USD = Decimal("0.05")
"""Where nothing is known. A budget of which less is left keeps all that is left free instead."""

_MATH = Context(prec=50)
_MEANS = """
WITH recent AS (
    SELECT step_id, agent_id, agent_run_id, cost_usd, pricing, created_at FROM renum_ai_usage_logs
    WHERE team_id = %(team)s ORDER BY created_at DESC LIMIT %(rows)s
), runs AS (
    SELECT step_id, agent_id, sum(cost_usd) AS usd,
        row_number() OVER (PARTITION BY step_id, agent_id ORDER BY max(created_at) DESC) AS place
    FROM recent WHERE step_id = ANY(%(steps)s)
    GROUP BY step_id, agent_id, agent_run_id HAVING bool_and(pricing = 'priced')
)
SELECT step_id, agent_id, avg(usd) FROM runs WHERE place <= %(runs)s GROUP BY step_id, agent_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spender:
    """The execution that is to cost something, and who and what it is billed to."""

    execution_id: uuid.UUID
    team_id: uuid.UUID
    payer_id: uuid.UUID
    connection_id: uuid.UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An attempt that wants to start. `model_name` is empty where the step leaves it to the agent."""

    step_id: str
    attempt: int
    agent_id: str
    model_name: str
    prompt_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """US dollars, and what they are drawn from."""

    usd: Decimal
    basis: ReservationBasis


def find_amounts(spender: Spender, wanted: Sequence[Wanted], *, at: dt.datetime) -> dict[str, Amount]:
    """Return the amount to reserve for each step that wants to start, by its id."""
    means = _find_means(spender.team_id, wanted)
    found = {one.step_id: means[one.step_id, one.agent_id] for one in wanted if _key(one) in means}
    amounts = {name: Amount(usd=usd, basis=ReservationBasis.HISTORY) for name, usd in found.items()}
    unknown = [one for one in wanted if one.step_id not in amounts]
    if unknown:
        amounts |= _by_prompt(spender, unknown, at=at)
    assumed = Amount(usd=ASSUMED_USD, basis=ReservationBasis.ASSUMED)
    return {one.step_id: amounts.get(one.step_id, assumed) for one in wanted}


def _key(wanted: Wanted) -> tuple[str, str]:
    return wanted.step_id, wanted.agent_id


def _find_means(team_id: uuid.UUID, wanted: Sequence[Wanted]) -> Mapping[tuple[str, str], Decimal]:
    steps = [one.step_id for one in wanted]
    params: dict[str, Any] = {"team": team_id, "rows": ROWS_LOOKED_AT, "runs": RUNS_LOOKED_AT, "steps": steps}
    with connection.cursor() as cursor:
        cursor.execute(_MEANS, params)
        return {(row[0], row[1]): _rounded_up(row[2]) for row in cursor.fetchall()}


def _by_prompt(spender: Spender, wanted: Sequence[Wanted], *, at: dt.datetime) -> dict[str, Amount]:
    agents = [one.agent_id for one in wanted if not one.model_name]
    rows = Agent.objects.filter(connection_id=spender.connection_id, agent_id__in=agents)
    own = dict(rows.values_list("agent_id", "model_name")) if agents else {}
    models = {one.step_id: one.model_name or own.get(one.agent_id, "") for one in wanted}
    prices = ModelPrice.objects.filter(model_name__in=set(models.values()) - {""}, valid_from__lte=at)
    overrides = [row.as_override() for row in prices]
    amounts: dict[str, Amount] = {}
    for one in wanted:
        priced = price_response(
            provider=None,
            model=models[one.step_id] or None,
            tokens_input=min(math.ceil(one.prompt_bytes / BYTES_PER_TOKEN), MAX_TOKENS),
            tokens_output=TOKENS_PER_RESULT,
            at=at,
            overrides=overrides,
        )
        if priced.cost_usd is not None:
            amounts[one.step_id] = Amount(
                usd=_rounded_up(priced.cost_usd), basis=ReservationBasis.PROMPT_SIZE
            )
    return amounts


def _rounded_up(usd: Decimal) -> Decimal:
    return usd.quantize(COST_STEP, rounding=ROUND_UP, context=_MATH)
