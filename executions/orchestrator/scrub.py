"""Taking a run's keys out of all that Suna says of it: a provider may repeat the key that it refuses."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from executions.agent_service import ModelResponse, RunResult, SecretText
from executions.orchestrator.outcomes import (
    Answered,
    AskedPerson,
    Broken,
    NeverStarted,
    Outcome,
    PutBack,
    Stopped,
)
from teams.workflow.plan import Json

HIDDEN = "[key hidden]"

Maybe = TypeVar("Maybe", str, str | None)


def scrub_outcome(outcome: Outcome, secrets: Iterable[SecretText]) -> Outcome:
    """Return the outcome with every one of the secrets replaced wherever it stands in a text."""
    values = _read_values(secrets)
    if not values:
        return outcome
    match outcome:
        case Answered(result=result) | AskedPerson(result=result):
            return replace(outcome, result=_scrub_result(result, values))
        case Broken(message=message, params=params, result=result, text=text):
            return replace(
                outcome,
                message=_scrub(message, values),
                params=_scrub_json(dict(params), values),
                text=_scrub(text, values),
                result=None if result is None else _scrub_result(result, values),
            )
        case Stopped(message=message, result=result):
            return replace(
                outcome,
                message=_scrub(message, values),
                result=None if result is None else _scrub_result(result, values),
            )
        case NeverStarted() | PutBack():
            return outcome


def scrub_result(result: RunResult, secrets: Iterable[SecretText]) -> RunResult:
    """Return a result with every one of the secrets replaced wherever it stands in a text."""
    values = _read_values(secrets)
    return _scrub_result(result, values) if values else result


def _read_values(secrets: Iterable[SecretText]) -> list[str]:
    """Return the secrets, the longest first: where one is the beginning of another its tail would stay."""
    return sorted({secret.reveal() for secret in secrets}, key=lambda value: (-len(value), value))


def _scrub_result(result: RunResult, values: list[str]) -> RunResult:
    return replace(
        result,
        text=_scrub(result.text, values),
        error=_scrub(result.error, values),
        partial=_scrub(result.partial, values),
        structured=_scrub_json(result.structured, values),
        options=tuple(_scrub(option, values) for option in result.options),
        attachments=tuple(_scrub(name, values) for name in result.attachments),
        responses=tuple(_scrub_response(response, values) for response in result.responses),
    )


def _scrub_response(response: ModelResponse, values: list[str]) -> ModelResponse:
    return replace(
        response,
        source_id=_scrub(response.source_id, values),
        provider=_scrub(response.provider, values),
        model=_scrub(response.model, values),
        finish_reason=_scrub(response.finish_reason, values),
        text=_scrub(response.text, values),
        raw_usage=_scrub_json(dict(response.raw_usage), values),
    )


def _scrub(text: Maybe, values: list[str]) -> Maybe:
    if text is None:
        return text
    for value in values:
        text = text.replace(value, HIDDEN)
    return text


def _scrub_json(value: Json, values: list[str]) -> Json:
    # Bounded by what the adapter takes: its parser refuses what is nested deeper than Python can follow.
    if isinstance(value, str):
        return _scrub(value, values)
    if isinstance(value, list):
        return [_scrub_json(item, values) for item in value]
    if isinstance(value, dict):
        return {_scrub(key, values): _scrub_json(item, values) for key, item in value.items()}
    return value
