"""What a run reported, as entries for the ledger: frozen values, without a price and without a row."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from billing.ledger.cleaning import clean_json, clean_text, text_facts


class ReportedResponse(Protocol):
    """One model response as the agent service reported it; its `ModelResponse` has this shape."""

    @property
    def source_id(self) -> str:
        """The service's own id of the response, unique on its connection."""
        ...

    @property
    def provider(self) -> str | None:
        """Who served the model; None where not told."""
        ...

    @property
    def model(self) -> str | None:
        """The model that answered; None where not told."""
        ...

    @property
    def tokens_input(self) -> int | None:
        """Prompt tokens, the cached ones included; None where not reported."""
        ...

    @property
    def tokens_output(self) -> int | None:
        """Answer tokens, the reasoning ones included; None where not reported."""
        ...

    @property
    def tokens_cached(self) -> int | None:
        """Those of the prompt that came from a cache."""
        ...

    @property
    def tokens_reasoning(self) -> int | None:
        """Those of the answer that nobody reads."""
        ...

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped, in the service's word."""
        ...

    @property
    def text(self) -> str | None:
        """What it answered; kept only where the team records content."""
        ...

    @property
    def raw_usage(self) -> Mapping[str, Any]:
        """The service's usage object as it came."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What all responses of one run have in common. `place` is the service's handle of it (a thread).

    The ids of team and people must be those of a row that is locked or protected from deletion.
    """

    execution_id: uuid.UUID
    agent_run_id: uuid.UUID
    connection_id: uuid.UUID
    agent_id: str
    step_id: str
    attempt: int
    team_id: uuid.UUID | None
    team_name: str
    payer_id: uuid.UUID | None
    started_by_id: uuid.UUID | None
    key_owner_id: uuid.UUID | None
    api_key_type: str
    wire_profile: str = ""
    place: str | None = None
    service_run_id: str | None = None
    model_asked_for: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One model response, ready to be priced and recorded. Token counts are None where not reported."""

    execution_id: uuid.UUID
    agent_run_id: uuid.UUID
    connection_id: uuid.UUID
    source_id: str
    agent_id: str
    step_id: str
    attempt: int
    team_id: uuid.UUID | None
    team_name: str
    payer_id: uuid.UUID | None
    started_by_id: uuid.UUID | None
    key_owner_id: uuid.UUID | None
    api_key_type: str
    provider: str | None
    model: str | None
    tokens_input: int | None
    tokens_output: int | None
    tokens_cached: int | None = None
    tokens_reasoning: int | None = None
    request_data: Mapping[str, Any] = field(default_factory=dict)
    response_data: Mapping[str, Any] = field(default_factory=dict)


def build_entries(
    responses: Iterable[ReportedResponse], *, run: RunFacts, prompt: str, record_content: bool = False
) -> list[LedgerEntry]:
    """Build one entry per response of a run that was started with `prompt`.

    Of the prompt and of the answers only length and hash are kept; the texts themselves are kept where the
    team wants its content recorded.
    """
    request_data = {
        "connection": str(run.connection_id),
        "profile": run.wire_profile,
        "agent_id": run.agent_id,
        "thread": run.place,
        "run": run.service_run_id,
        "model": run.model_asked_for,
        "prompt": text_facts(prompt) | ({"text": clean_text(prompt)} if record_content else {}),
    }
    return [
        LedgerEntry(
            execution_id=run.execution_id,
            agent_run_id=run.agent_run_id,
            connection_id=run.connection_id,
            source_id=response.source_id,
            agent_id=run.agent_id,
            step_id=run.step_id,
            attempt=run.attempt,
            team_id=run.team_id,
            team_name=run.team_name,
            payer_id=run.payer_id,
            started_by_id=run.started_by_id,
            key_owner_id=run.key_owner_id,
            api_key_type=run.api_key_type,
            provider=response.provider,
            model=response.model,
            tokens_input=response.tokens_input,
            tokens_output=response.tokens_output,
            tokens_cached=response.tokens_cached,
            tokens_reasoning=response.tokens_reasoning,
            request_data=request_data,
            response_data=_response_data(response, record_content=record_content),
        )
        for response in responses
    ]


def _response_data(response: ReportedResponse, *, record_content: bool) -> dict[str, Any]:
    text = text_facts(response.text)
    if record_content and response.text is not None:
        text["text"] = clean_text(response.text)
    return {
        "message": response.source_id,
        "finish_reason": response.finish_reason,
        "usage": clean_json(response.raw_usage),
        "text": text,
    }
