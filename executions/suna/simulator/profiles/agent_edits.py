"""What `PUT agents/{id}` makes of an agent: a new version, in which some builds lose what nobody sent.

Facts: Kortix backend/agent/api.py (August 2025), backend/core/agent_crud.py and
backend/core/versioning/version_service.py (autumn 2025), backend/core/agents/agent_crud.py (2026).
"""

import dataclasses
from typing import Any

from executions.suna.simulator.answers import invalid
from executions.suna.simulator.catalogue import CatalogueAgent
from executions.suna.simulator.options import Options

WRITTEN_PROMPT = "You are Suna.so, an autonomous AI Worker."
"""The beginning of what a build with `writes_prompts` puts in the place of every prompt."""


def edit(agent: CatalogueAgent, body: dict[str, Any], *, options: Options, key: str) -> CatalogueAgent:
    """Return the agent's new version; the agent itself where nothing of it was sent, or a refusal."""
    sent = body.get("custom_mcps")
    if sent is not None and not isinstance(sent, list):
        raise invalid("list_type", ["body", "custom_mcps"], "Input should be a valid list", sent)
    changes: dict[str, Any] = {
        name: body[name] for name in ("name", "system_prompt", "model") if isinstance(body.get(name), str)
    }
    if sent:
        changes["custom_mcps"] = _merged(agent.custom_mcps, sent, key=key)
    if all(getattr(agent, name) == value for name, value in changes.items()):
        return agent
    if options.forgets_model and "model" not in changes:
        changes["model"] = None
    if options.writes_prompts:
        changes["system_prompt"] = WRITTEN_PROMPT
    return dataclasses.replace(agent, version=agent.version + 1, **changes)


def _merged(
    present: tuple[dict[str, Any], ...], sent: list[dict[str, Any]], *, key: str
) -> tuple[dict[str, Any], ...]:
    merged = list(present)
    for server in sent:
        same = [at for at, one in enumerate(merged) if one.get(key) == server.get(key)]
        if same:
            merged[same[0]] = server
        else:
            merged.append(server)
    return tuple(merged)
