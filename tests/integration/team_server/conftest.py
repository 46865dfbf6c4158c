"""A web server with a team of agents at work, and agents that call it with the official SDK's client."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from executions.actions.start_execution import start_execution
from executions.models import AgentRun, Execution
from executions.orchestrator.run_token import make_run_token
from teams.actions.save_version import save_version
from teams.models import User
from tests.fixtures.people import make_person
from tests.fixtures.product_env import product_env
from tests.fixtures.site_rows import make_connection, make_run, make_team, set_step
from tests.fixtures.web import RunningWeb, running_web

SCHEMA = {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]}
TALKING = {
    "type": "parallel",
    "defaults": {"tools": "team"},
    "agents": [
        {"agent_id": "agent-123", "id": "a", "role": "researcher", "output": {"schema": SCHEMA}},
        {"agent_id": "agent-456", "id": "b", "role": "analyst"},
        {"agent_id": "agent-789", "id": "silent", "tools": "none"},
    ],
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a tool answered: its value, or the text of its error."""

    value: Any
    error: str


@dataclass(slots=True)
class Agents:
    """The agents of an execution under way, each with a run of its own."""

    url: str
    owner: User
    execution: Execution
    runs: dict[str, AgentRun]

    def token(self, step: str) -> str:
        """Return the token of the step's run."""
        return make_run_token(self.runs[step].pk)

    def call(self, step: str, tool: str, **arguments: Any) -> Said:
        """Call a tool as the agent of that step, whose token comes with the arguments."""
        return self.ask(tool, {**arguments, "token": self.token(step)})

    def ask(self, tool: str, arguments: dict[str, Any], *, bearer: str = "") -> Said:
        """Call a tool with the SDK's client."""
        return asyncio.run(self.ask_soon(tool, arguments, bearer=bearer))

    async def ask_soon(self, tool: str, arguments: dict[str, Any], *, bearer: str = "") -> Said:
        """Call a tool, beside others."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30) as http,
            streamable_http_client(f"{self.url}/mcp", http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            answer: Any = await session.call_tool(tool, arguments)
        text = answer.content[0].text if answer.content else ""
        if answer.is_error:
            return Said(None, text.removeprefix(f"Error executing tool {tool}: "))
        return Said(answer.structured_content or json.loads(text), "")


def make_agents(url: str, name: str) -> Agents:
    """Make an execution of somebody new whose steps are at work."""
    owner = make_person(name)
    team = make_team(owner, connection=make_connection(owner))
    save_version(team=team, by=owner, source=json.dumps(TALKING))
    team.refresh_from_db()
    execution = start_execution(team=team, by=owner, prompt="Talk.").execution
    runs = {}
    for step_id in ("a", "b", "silent"):
        step = set_step(execution, step_id, status="running", attempts=1)
        runs[step_id] = make_run(execution, step, status="running")
    return Agents(url=url, owner=owner, execution=execution, runs=runs)


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWeb]:
    """Give a server for all tests of the module: it keeps nothing."""
    with running_web(product_env(), tmp_path_factory.mktemp("web") / "web.log") as running:
        yield running


@pytest.fixture
def served(transactional_db: None, clean_redis: object, web: RunningWeb) -> Callable[[str], Agents]:
    """Give a function that makes the agents of an execution."""
    return lambda name="olga": make_agents(web.url, name)
