"""The catalogue as every FastAPI version of Suna shows it, with both shapes of its pagination."""

from collections.abc import Mapping
from dataclasses import dataclass

from executions.agent_service import AgentView, BadResponse
from executions.suna.wire.call import Answer
from executions.suna.wire.values import (
    Json,
    find_object,
    parse_object,
    read_id,
    read_rows,
    short_text,
)

PAGE_SIZE = 100
"""The largest that Suna accepts; 101 is a 422."""

MAX_AGENT_ID_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPage:
    """One page of the catalogue."""

    agents: tuple[AgentView, ...]
    has_more: bool


def read_agent_page(body: bytes, *, page: int) -> AgentPage:
    """Return one page. `pages` counts them until August 2025, `total_pages` after (suna-contract §1.3)."""
    answer = parse_object(body)
    agents = tuple(_build_agent(row) for row in read_rows(answer, "agents"))
    pagination = find_object(answer, "pagination")
    pages = pagination.get("total_pages", pagination.get("pages"))
    has_more = isinstance(pages, int) and page < pages and bool(agents)
    return AgentPage(agents=agents, has_more=has_more)


def read_agent(body: bytes) -> AgentView:
    """Return one agent."""
    return _build_agent(parse_object(body))


def is_missing_agent(answer: Answer) -> bool:
    """Tell whether a 500 stands for a missing agent, as it does from 4 October 2025 on (suna-contract §1.3).

    So does one for somebody else's agent. The one place where a text decides: no code and no status tells it.
    """
    if answer.status != 500 or not answer.is_json or answer.truncated:
        return False
    try:
        detail = parse_object(answer.body).get("detail")
    except BadResponse:
        return False
    return isinstance(detail, str) and (detail.endswith("not found") or "Access denied to agent" in detail)


def _build_agent(row: Mapping[str, Json]) -> AgentView:
    # One agent whose id is too long to be used must not take the whole catalogue away.
    agent_id = read_id(row, "agent_id", max_chars=MAX_AGENT_ID_CHARS)
    version_model = find_object(row, "current_version").get("model")
    return AgentView(
        agent_id=agent_id,
        name=short_text(row.get("name"), max_chars=255) or agent_id,
        description=short_text(row.get("description"), max_chars=10_000) or "",
        model_name=short_text(row.get("model"), max_chars=255) or short_text(version_model, max_chars=255),
    )
