"""What a model call used, read from the rows that Suna writes after each (suna-contract §4).

Counts that make no sense become None and stay visible in `raw_usage`: nobody is billed for a mistake.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from executions.agent_service import ModelResponse
from executions.suna.wire.runs import read_time
from executions.suna.wire.values import (
    Json,
    clean_text,
    find_object,
    parse_object,
    read_rows,
    short_text,
    storable,
    token_count,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePage:
    """What one page of an account's usage says of a thread.

    `newest` and `oldest` are the times of the page's first and last row, whosever they are; None where there
    is no row or the page is not ordered from the newest to the oldest.
    """

    responses: tuple[ModelResponse, ...]
    has_more: bool
    newest: dt.datetime | None = None
    oldest: dt.datetime | None = None


def read_usage_logs(body: bytes, *, place: str) -> UsagePage:
    """Return the model calls of a thread from a page of `billing/usage-logs` (suna-contract §4).

    It covers the current month, and has nothing at all where Suna runs in local mode.
    """
    answer = parse_object(body)
    logs = read_rows(answer, "logs")
    rows = [row for row in logs if row.get("thread_id") == place]
    newest, oldest = _read_span(logs)
    responses = tuple(
        build_response(find_object(row, "content"), source_id=message_id)
        for row in rows
        if (message_id := short_text(row.get("message_id"), max_chars=200)) is not None
    )
    return UsagePage(
        responses=responses, has_more=answer.get("has_more") is True, newest=newest, oldest=oldest
    )


def _read_span(logs: Sequence[Mapping[str, Json]]) -> tuple[dt.datetime | None, dt.datetime | None]:
    times = [read_time(row.get("created_at")) for row in logs]
    known = [time for time in times if time is not None]
    if not known or len(known) < len(times) or known != sorted(known, reverse=True):
        return None, None
    return known[0], known[-1]


def build_response(
    content: Mapping[str, Json], *, source_id: str, asked_model: str | None = None
) -> ModelResponse:
    """Build the ledger's view of one `assistant_response_end` or `llm_response_end` row.

    `asked_model` is the model that Suna asked for when the call began: it names the provider where the
    answer, which is the provider's own, does not.
    """
    provider, model = split_model(short_text(content.get("model"), max_chars=255))
    asked_provider, asked = split_model(asked_model)
    usage = find_object(content, "usage")
    choice = _first_choice(content)
    text = find_object(choice, "message").get("content")
    return ModelResponse(
        source_id=source_id,
        provider=provider or asked_provider,
        model=model or asked,
        tokens_input=token_count(usage.get("prompt_tokens")),
        tokens_output=token_count(usage.get("completion_tokens")),
        tokens_cached=_cached_tokens(usage),
        tokens_reasoning=token_count(find_object(usage, "completion_tokens_details").get("reasoning_tokens")),
        finish_reason=short_text(choice.get("finish_reason"), max_chars=100),
        text=clean_text(text) if isinstance(text, str) else None,
        raw_usage=storable(usage),
    )


def split_model(name: str | None) -> tuple[str | None, str | None]:
    """Return provider and model of "provider/model"; the provider is None where the name has no prefix."""
    if name is None:
        return None, None
    provider, slash, model = name.partition("/")
    return (provider, model) if slash and provider and model else (None, name)


def _cached_tokens(usage: Mapping[str, Json]) -> int | None:
    details = token_count(find_object(usage, "prompt_tokens_details").get("cached_tokens"))
    return details if details is not None else token_count(usage.get("cache_read_input_tokens"))


def _first_choice(content: Mapping[str, Json]) -> Mapping[str, Json]:
    choices = content.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}
