"""The team's MCP server as agents have it, and what the prompt of one that has it says beside its input."""

import uuid

from django.conf import settings

from executions.engine.team_mail import server_note
from executions.orchestrator.database_calls import in_any_thread
from executions.orchestrator.run_token import make_run_token
from executions.secret_text import SecretText
from executions.tool_server import ToolServer
from teams.models import Agent
from teams.workflow.plan import PlanStep

PATH = "/mcp"
NAME = "renum-team"
TOOLS = (
    "team_about",
    "context_list",
    "context_get",
    "context_set",
    "message_send",
    "message_request",
    "message_inbox",
    "ask_human",
    "submit_result",
    "report_progress",
)


def team_server() -> ToolServer | None:
    """Return the server as an agent is given it; None where the site has no public address."""
    return team_server_at(settings.PUBLIC_URL) if settings.PUBLIC_URL else None


def team_server_at(public_url: str) -> ToolServer:
    """Return the server of a site at that address."""
    return ToolServer(name=NAME, url=f"{public_url}{PATH}", tools=TOOLS)


async def find_run_token(step: PlanStep, *, connection_id: uuid.UUID, run_id: uuid.UUID) -> SecretText | None:
    """Return the run's token where its agent can use one; None where it cannot reach the server."""
    if step.tools != "team" or not settings.PUBLIC_URL:
        return None
    has_server = await in_any_thread(_has_server, connection_id, step.agent_id)
    return SecretText(make_run_token(run_id)) if has_server else None


def with_server_note(prompt: str, token: SecretText | None) -> str:
    """Return the prompt as it is sent: it alone holds the token, and is kept nowhere."""
    if token is None:
        return prompt
    return prompt + server_note(name=NAME, address=f"{settings.PUBLIC_URL}{PATH}", token=token.reveal())


def _has_server(connection_id: uuid.UUID, agent_id: str) -> bool:
    return Agent.objects.filter(connection_id=connection_id, agent_id=agent_id, has_team_server=True).exists()
