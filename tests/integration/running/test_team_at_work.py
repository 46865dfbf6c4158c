"""A team whose agents talk while they work: the simulator's, each by the official SDK's client."""

import json
from pathlib import Path

import pytest

from executions.actions.team_server_of_agent import give_team_server, takes_tools
from executions.models import AgentRun, TeamMessage
from executions.orchestrator.run_token import RUN_TOKEN
from executions.orchestrator.team_server import team_server_at
from renum_site.demo.teams import read_workflow
from teams.models import Agent
from tests.fixtures.running import RunningRenum
from tests.fixtures.web import running_web

pytestmark = pytest.mark.shares_suna

PROMPT = "Which pays off sooner for a bakery, an online shop or a second oven?"


@pytest.mark.parametrize("profile", ["seed", "2025-08", "2026-01"])
def test_the_researcher_asks_the_analyst_answers_and_the_writer_submits(
    renum_on, tmp_path: Path, profile: str
) -> None:
    renum: RunningRenum = renum_on(profile)
    with running_web(renum.env, tmp_path / "web.log") as web:
        for agent_id in ("agent-123", "agent-456", "agent-789"):
            agent, _ = Agent.objects.get_or_create(connection=renum.connection, agent_id=agent_id)
            how = "suna" if takes_tools(renum.connection) else "by_hand"
            give_team_server(agent=agent, by=None, how=how, server=team_server_at(web.url), anywhere=True)
        renum.start_drivers(RENUM_PUBLIC_URL=web.url)
        execution = renum.start(renum.make_team(json.loads(read_workflow("talking"))), PROMPT)
        execution = renum.wait_for(execution)

    assert (execution.status, execution.code) == ("completed", "")
    request, reply = TeamMessage.objects.filter(execution=execution).order_by("seq")
    assert (request.kind, request.sender, request.recipient) == ("request", "step:researcher", "step:analyst")
    assert (reply.kind, reply.sender, reply.reply_to_id) == ("reply", "step:analyst", request.pk)
    written = dict(execution.context_changes.values_list("key", "author"))
    assert written["facts"] == "step:researcher"
    assert written["conclusion"] == "step:analyst"
    researcher, writer = (execution.steps.get(step_id=name) for name in ("researcher", "writer"))
    assert f"The analyst says: {reply.text}" in researcher.result_text
    assert set(writer.result_data) == {"title", "conclusion", "sources"}
    assert writer.result_data["sources"]["facts"] == "step:researcher"
    assert execution.events.filter(kind="step_progress", step_id="researcher").exists()
    # Suna's rows hold the tokens, as those of a real agent do; nothing of ours does.
    runs = AgentRun.objects.filter(execution=execution)
    assert runs.count() == renum.suna.starts() == 3
    for text in (researcher.result_text, json.dumps(writer.result_data), str(execution.result_text)):
        assert RUN_TOKEN.search(text) is None


def test_a_talk_that_breaks_off_fails_its_run_with_the_reason(renum_on, tmp_path: Path) -> None:
    renum: RunningRenum = renum_on("2025-08")
    Agent.objects.update_or_create(
        connection=renum.connection, agent_id="agent-123", defaults={"has_team_server": True}
    )
    plan = {
        "type": "sequential",
        "defaults": {"tools": "team"},
        "agents": [{"agent_id": "agent-123", "role": "researcher", "instructions": "Look."}],
    }
    # Nobody listens there.
    renum.start_drivers(RENUM_PUBLIC_URL="http://127.0.0.1:9")
    execution = renum.wait_for(renum.start(renum.make_team(plan), PROMPT))

    assert execution.status == "failed"
    assert "the team's tools" in AgentRun.objects.get(execution=execution).message
