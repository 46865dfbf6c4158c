"""An agent that has the team's MCP server uses it with what its prompt says, while its run goes on."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis
from django.conf import settings
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from executions.models import AgentRun, Execution, TeamMessage
from executions.orchestrator.run_token import RUN_TOKEN
from teams.models import Agent
from tests.fixtures.running import RunningRenum, wait_until
from tests.fixtures.web import running_web
from tests.integration.running.leaks import find_in_database, find_in_files, find_in_redis
from tests.integration.running.test_team_messages import graph, input_of, says, step

pytestmark = pytest.mark.shares_suna
SERVER = re.compile(r'MCP server "renum-team" \((http://[^)]+)\)')


async def call(address: str, tool: str, **arguments: Any) -> Any:
    async with (
        httpx2.AsyncClient(timeout=30) as http,
        streamable_http_client(address, http_client=http) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
        await session.initialize()
        answer: Any = await session.call_tool(tool, arguments)
    return answer.content[0].text if answer.is_error else answer.structured_content


def prompt_in_suna(renum: RunningRenum, execution: Execution, step_id: str) -> str:
    run = AgentRun.objects.get(execution=execution, step__step_id=step_id)
    return str(renum.suna.get(f"threads/{run.thread_id}")["prompts"][0])


def test_agents_use_the_tools_with_the_token_of_their_prompt_which_is_kept_nowhere(
    renum_on, tmp_path: Path
) -> None:
    renum: RunningRenum = renum_on("2025-08")
    known = {"connection": renum.connection, "has_team_server": True}
    for agent_id in ("one", "two"):
        Agent.objects.update_or_create(agent_id=agent_id, **known)
    talking = says("Done.", takes=8)
    plan = graph(
        step("one", talking),
        step("two", talking),
        step("three", talking),
        step("last", says("The end.", takes=1), depends_on=["one", "two"]),
    )
    with running_web(renum.env, tmp_path / "web.log") as web:
        cluster = renum.start_drivers(RENUM_PUBLIC_URL=web.url)
        execution = renum.start(renum.make_team(plan))
        wait_until(
            lambda: AgentRun.objects.filter(execution=execution, status="running").count() == 3,
            timeout_s=60,
        )
        prompts = {name: prompt_in_suna(renum, execution, name) for name in ("one", "two", "three")}
        tokens = {name: RUN_TOKEN.findall(text) for name, text in prompts.items()}
        [first], [second] = tokens["one"], tokens["two"]
        [address] = SERVER.findall(prompts["one"])

        asked = asyncio.run(call(address, "message_request", text="Size?", to="two", token=first))
        [heard] = asyncio.run(call(address, "message_inbox", token=second))["messages"]
        asyncio.run(call(address, "message_send", text="Three", reply_to=heard["mark"], token=second))
        asyncio.run(call(address, "context_set", key="size", value=3, token=second))
        asyncio.run(call(address, "submit_result", value={"size": 3}, token=second))
        reply = asyncio.run(call(address, "message_inbox", token=first))["messages"][0]
        execution = renum.wait_for(execution)
        refused = asyncio.run(call(address, "context_list", token=first))

    assert execution.status == "completed"
    assert address == f"{web.url}/mcp"
    assert tokens["three"] == []
    assert (reply["text"], reply["reply_to"], heard["mark"]) == ("Three", asked["mark"], asked["mark"])
    assert "token_refused" in refused
    assert execution.context_changes.get(key="size").author == "step:two"
    assert execution.steps.get(step_id="two").result_data == {"size": 3}
    kinds = list(TeamMessage.objects.filter(execution=execution).values_list("kind", flat=True))
    assert kinds == ["request", "reply"]
    # The last step has no server: what was shared reaches it all the same.
    assert RUN_TOKEN.search(input_of(execution, "last")) is None
    assert " DEBUG " in cluster.log.read_text()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for token in (first, second):
            secret = token.encode()
            assert find_in_database(secret) == []
            assert find_in_redis(client, secret) == []
            assert find_in_files(renum.folder, secret) == []
