"""Record model responses: price each, append its row, once. Called inside the caller's transaction.

A source id that another run's response already has is taken to count within its run: the response is then
recorded under `<run id>:<source id>`.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from uuid import UUID

from billing.ledger.cleaning import clean_count, clean_json, clean_key, clean_text
from billing.ledger.entries import LedgerEntry
from billing.models import ApiKeyType, ModelPrice, UsageLog
from billing.pricing import PriceOverride, PricingStatus, price_response

_API_KEY_TYPES = frozenset(ApiKeyType.values)
SOURCE_ID_CHARS = 200


def record_responses(entries: Sequence[LedgerEntry], *, at: dt.datetime) -> list[UsageLog]:
    """Append a row for each entry that the ledger does not hold yet and return the rows that are new.

    A response is recognised by its connection and source id, so reporting one again, in one call or in
    many, leaves one row: the first. Where the row in the way is another run's, in another thread, the source
    id is prefixed with the run's own id, always to the same text. Two runs of one thread that report the same
    id with the same usage read the same message, which is billed once.

    `at` is the moment of the price and of the row. Three queries, however many entries, and three more where
    ids were taken; no transaction of its own, so that rows stand or fall with the caller's work.
    """
    if not entries:
        return []
    overrides = _find_overrides({entry.model for entry in entries if entry.model}, at=at)
    rows = [_build_row(entry, overrides=overrides, at=at) for entry in entries]
    recorded = _append(rows)
    refused = [row for row in rows if row.id not in recorded]
    if refused:
        recorded |= _append(_rename_those_of_other_runs(refused))
    return [row for row in rows if row.id in recorded]


def _append(rows: Sequence[UsageLog]) -> set[UUID]:
    """Insert what does not stand in the way of another row; return the ids of what was inserted."""
    if not rows:
        return set()
    # In one order for everybody, so that two who report the same responses wait instead of deadlocking.
    UsageLog.objects.bulk_create(
        sorted(rows, key=lambda row: (row.connection_id, row.source_id)), ignore_conflicts=True
    )
    # A conflicting row keeps the id of the one that was there first, so ours is not found.
    return set(UsageLog.objects.filter(id__in=[row.id for row in rows]).values_list("id", flat=True))


def _rename_those_of_other_runs(refused: Iterable[UsageLog]) -> list[UsageLog]:
    """Return those rows whose source id is held by another response, each with an id of its run's own."""
    rows = list(refused)
    held = UsageLog.objects.filter(
        connection_id__in={row.connection_id for row in rows}, source_id__in={row.source_id for row in rows}
    ).values_list(
        "connection_id", "source_id", "agent_run_id", "request_data__thread", "response_data__usage"
    )
    holders = {(connection, source): facts for connection, source, *facts in held}
    renamed = []
    for row in rows:
        run_id, thread, usage = holders[row.connection_id, row.source_id]
        is_same_message = (
            thread is not None
            and thread == row.request_data.get("thread")
            and usage == row.response_data.get("usage")
        )
        if run_id != row.agent_run_id and not is_same_message:
            row.source_id = clean_key(f"{row.agent_run_id}:{row.source_id}", max_chars=SOURCE_ID_CHARS)
            renamed.append(row)
    return renamed


def _find_overrides(model_names: set[str], *, at: dt.datetime) -> list[PriceOverride]:
    names = {clean_key(name, max_chars=200) for name in model_names}
    prices = ModelPrice.objects.filter(model_name__in=names, valid_from__lte=at)
    return [price.as_override() for price in prices]


def _build_row(entry: LedgerEntry, *, overrides: Sequence[PriceOverride], at: dt.datetime) -> UsageLog:
    provider = clean_text(entry.provider or "", max_chars=100)
    model_name = clean_key(entry.model or "", max_chars=200)
    tokens = {
        "tokens_input": clean_count(entry.tokens_input),
        "tokens_output": clean_count(entry.tokens_output),
        "tokens_cached": clean_count(entry.tokens_cached),
        "tokens_reasoning": clean_count(entry.tokens_reasoning),
    }
    price = price_response(provider=provider, model=model_name, at=at, overrides=overrides, **tokens)
    return UsageLog(
        created_at=at,
        execution_id=entry.execution_id,
        agent_run_id=entry.agent_run_id,
        connection_id=entry.connection_id,
        source_id=clean_key(entry.source_id, max_chars=SOURCE_ID_CHARS),
        agent_id=clean_key(entry.agent_id, max_chars=128),
        step_id=clean_key(entry.step_id, max_chars=128),
        attempt=entry.attempt,
        team_id=entry.team_id,
        team_name=clean_text(entry.team_name, max_chars=100),
        payer_id=entry.payer_id,
        started_by_id=entry.started_by_id,
        key_owner_id=entry.key_owner_id,
        model_provider=provider,
        model_name=model_name,
        api_key_type=entry.api_key_type if entry.api_key_type in _API_KEY_TYPES else ApiKeyType.UNKNOWN,
        reported=price.status is not PricingStatus.UNREPORTED,
        cost_usd=price.cost_usd,
        pricing=price.status.value,
        price_source=price.source,
        unit_prices=dict(price.unit_prices),
        request_data=clean_json(entry.request_data, max_text_chars=None),
        response_data=clean_json(entry.response_data, max_text_chars=None),
        **tokens,
    )
