"""An agent is given the team's MCP server from the page, the API and the admin, on a simulated Suna."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from executions.actions.connection_rights import SunaUnusable
from executions.actions.create_connection import create_connection
from executions.actions.edit_connection import ConnectionChanges, edit_connection
from executions.actions.sync_agents import sync_agents
from executions.actions.team_server_of_agent import NoTeamServer, give_team_server, take_team_server
from executions.actions.try_connection import try_connection
from executions.orchestrator.team_server import TOOLS, team_server
from renum_site.staff_groups import OPERATORS
from teams.actions.refusal import NotAllowed
from teams.models import Agent, ApiTokenScope, AuditEntry, SunaConnection, User
from tests.contract.simulated_suna import SimulatedSuna, simulate
from tests.fixtures.people import make_person
from tests.fixtures.running import TOKEN
from tests.fixtures.web import RunningWeb
from tests.functional.api.conftest import assert_problem, client_for

pytestmark = pytest.mark.django_db

PUBLIC = "https://renum.example.org"
AGENT = "agent-123"


@pytest.fixture(scope="module")
def running_suna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedSuna]:
    with simulate("2025-10", None, folder=tmp_path_factory.mktemp("suna"), tokens=[TOKEN]) as running:
        yield running


@pytest.fixture
def suna(running_suna: SimulatedSuna, settings: Any) -> SimulatedSuna:
    settings.PUBLIC_URL = PUBLIC
    running_suna.clear_faults()
    running_suna.reset()
    running_suna.set_options(writes_prompts=False)
    return running_suna


@pytest.fixture
def person() -> User:
    return make_person("olga")


@pytest.fixture
def connection(suna: SimulatedSuna, person: User) -> SunaConnection:
    made = create_connection(by=person, owner=person, name="Suna", base_url=suna.url, bearer=TOKEN)
    made = try_connection(connection=made, by=person)
    sync_agents(connection=made, by=person)
    return made


@pytest.fixture
def agent(connection: SunaConnection) -> Agent:
    return Agent.objects.get(connection=connection, agent_id=AGENT)


def servers(suna: SimulatedSuna) -> dict[str, Any]:
    """Return the tool servers of the agent as Suna keeps them, by name."""
    answer = httpx2.get(f"{suna.url}/api/agents/{AGENT}", headers={"Authorization": f"Bearer {TOKEN}"})
    shown = answer.json()
    return {one["name"]: one for one in (shown.get("current_version") or shown)["custom_mcps"]}


def acts() -> list[tuple[str, dict[str, Any]]]:
    rows = AuditEntry.objects.filter(act__startswith="team_server").order_by("id")
    return [(entry.act, entry.details) for entry in rows]


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def has_it(agent: Agent) -> bool:
    return Agent.objects.get(pk=agent.pk).has_team_server


def test_the_tools_that_are_named_to_suna_are_those_of_the_server(web: RunningWeb) -> None:
    async def list_tools() -> list[str]:
        async with (
            httpx2.AsyncClient(timeout=30) as http,
            streamable_http_client(f"{web.url}/mcp", http_client=http) as streams,
            ClientSession(streams[0], streams[1]) as session,
        ):
            await session.initialize()
            return [tool.name for tool in (await session.list_tools()).tools]

    assert sorted(asyncio.run(list_tools())) == sorted(TOOLS)


def test_an_api_client_gives_it_and_takes_it_away(suna: SimulatedSuna, person: User, agent: Agent) -> None:
    api, path = client_for(person), reverse("api:agent-team-server", args=[agent.pk])

    given = api.post(path, {}, format="json")
    took = api.delete(path)
    by_hand = api.post(path, {"how": "by_hand"}, format="json")

    server = team_server()
    assert server is not None
    assert (given.status_code, given.json()["changed"]) == (200, [])
    assert given.json()["agent"]["has_team_server"] is True
    assert servers(suna)[server.name]["config"] == {"url": f"{PUBLIC}/mcp"}
    assert took.status_code == 204
    assert by_hand.json()["agent"]["has_team_server"] is True
    assert has_it(agent)
    assert acts() == [
        ("team_server_given", {"agent": AGENT, "how": "suna", "changed": []}),
        ("team_server_taken", {"agent": AGENT}),
        ("team_server_given", {"agent": AGENT, "how": "by_hand", "changed": []}),
    ]
    assert_problem(api.post(path, {"how": "magic"}, format="json"), 400, "validation_error")
    assert_problem(
        client_for(person, ApiTokenScope.RUN).post(path, {}, format="json"), 403, "scope_too_small"
    )


def test_the_owner_gives_it_by_one_click_and_is_told_what_suna_changed(
    suna: SimulatedSuna, person: User, agent: Agent
) -> None:
    client = signed_in(person)
    page = reverse("connection", args=[agent.connection_id])
    form = reverse("connection-agent-tools", args=[agent.connection_id, agent.pk])
    before = client.get(page).content.decode()

    given = client.post(form, {"how": "suna"}).content.decode()
    client.post(form, {"how": ""})
    suna.reset()
    suna.set_options(writes_prompts=True)
    warned = client.post(form, {"how": "suna"}).content.decode()

    assert "Give them to it in Suna" in before
    assert f"{PUBLIC}/mcp" in before
    assert "has the team&#x27;s tools now." in given
    assert "system_prompt" not in given
    assert "But Suna changed its system_prompt as it saved" in warned
    assert has_it(agent)
    assert set(servers(suna)) == {"renum-team"}


def test_staff_give_it_to_several_in_the_admin(suna: SimulatedSuna, agent: Agent) -> None:
    operator = User.objects.create_user("opal", email="opal@example.org", is_staff=True)
    operator.groups.add(Group.objects.get(name=OPERATORS))
    gone = Agent.objects.create(connection=agent.connection, agent_id="00000000-0000-0000-0000-000000000009")

    answer = signed_in(operator).post(
        reverse("admin:teams_agent_changelist"),
        {"action": "give_tools", "_selected_action": [str(agent.pk), str(gone.pk)]},
        follow=True,
    )

    text = answer.content.decode()
    assert (has_it(agent), has_it(gone)) == (True, False)
    assert "team&#x27;s tools now." in text
    assert "Suna does not know this agent any more." in text
    assert set(servers(suna)) == {"renum-team"}


def test_nothing_is_noted_where_suna_did_not_do_it(suna: SimulatedSuna, person: User, agent: Agent) -> None:
    suna.fail("agent.edit", kind="status", status=500, body="Failed")
    with pytest.raises(SunaUnusable):
        give_team_server(agent=agent, by=person)
    suna.clear_faults()
    suna.fail("agent.edit", kind="raw", body={})
    with pytest.raises(SunaUnusable, match="does not show it"):
        give_team_server(agent=agent, by=person)

    assert not has_it(agent)
    assert acts() == []


def test_who_may_not_manage_the_connection_and_a_site_without_an_address_are_refused(
    suna: SimulatedSuna, person: User, agent: Agent, settings: Any
) -> None:
    other = make_person("otto")
    with pytest.raises(NotAllowed):
        give_team_server(agent=agent, by=other)
    with pytest.raises(NotAllowed):
        take_team_server(agent=agent, by=other)
    settings.PUBLIC_URL = ""
    with pytest.raises(NoTeamServer) as refused:
        give_team_server(agent=agent, by=person, how="by_hand")

    assert refused.value.code == "no_public_url"
    assert (
        "The team&#x27;s tools"
        not in signed_in(person).get(reverse("connection", args=[agent.connection_id])).content.decode()
    )


def test_a_suna_of_the_document_is_given_it_by_hand_only(
    suna: SimulatedSuna, person: User, agent: Agent
) -> None:
    edit_connection(connection=agent.connection, by=person, changes=ConnectionChanges(wire_profile="seed"))
    agent.refresh_from_db()
    with pytest.raises(NoTeamServer) as refused:
        give_team_server(agent=agent, by=person)
    give_team_server(agent=agent, by=person, how="by_hand")

    assert refused.value.code == "takes_no_tools"
    assert has_it(agent)
    assert servers(suna) == {}
