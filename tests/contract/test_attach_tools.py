"""An agent is given the team's MCP server in Suna, in every version that lets its agents be edited."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from executions.agent_service import BadResponse, NotFound, Rejected, ToolServer
from executions.suna.wire import PROFILES
from tests.contract.clients import TOKEN, client_to
from tests.contract.simulated_suna import SimulatedSuna, simulate
from tests.contract.targets import SIMULATED

SERVER = ToolServer(name="Renum team", url="https://renum.example/mcp", tools=("team_about", "context_get"))
MOVED = ToolServer(name="Renum team", url="https://elsewhere.example/mcp", tools=("team_about",))
THEIRS = {
    "name": "Tickets",
    "qualifiedName": "tickets",
    "type": "http",
    "config": {"url": "https://tickets.example/mcp", "headers": {"Authorization": "Bearer theirs"}},
    "enabledTools": ["open_ticket"],
}
AGENT = "agent-123"
EDITABLE = [name for name in SIMULATED if PROFILES[name.partition("/")[0]].capabilities.edits_agents]


class Suna:
    """A simulated Suna, asked by its own API as its own page would."""

    def __init__(self, profile: str, simulated: SimulatedSuna) -> None:
        self.profile = profile
        self.simulated = simulated
        prefix = "v1" if profile >= "2025-12" else "api"
        self._url = f"{simulated.url}/{prefix}/agents/{AGENT}"
        self._headers = {"Authorization": f"Bearer {TOKEN}"}

    def agent(self) -> dict[str, Any]:
        """Return the agent as Suna shows it."""
        answer = httpx.get(self._url, headers=self._headers)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def edit(self, **changes: Any) -> None:
        """Change the agent as somebody would in Suna."""
        assert httpx.put(self._url, headers=self._headers, json=changes).status_code == 200

    def setup(self) -> dict[str, Any]:
        """Return what must stay as it is: everything but versions, times and tool servers."""
        shown = self.agent()
        version = shown.get("current_version") or {}
        return {
            "name": shown["name"],
            "prompt": version.get("system_prompt") or shown.get("system_prompt"),
            "model": version.get("model") or shown.get("model"),
        }

    def servers(self) -> dict[str, Any]:
        """Return the agent's tool servers by name."""
        shown = self.agent()
        listed = (shown.get("current_version") or shown)["custom_mcps"]
        return {one["name"]: one for one in listed}


@pytest.fixture(scope="module", params=EDITABLE)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suna]:
    profile, _, variant = str(request.param).partition("/")
    with simulate(
        profile, variant or None, folder=tmp_path_factory.mktemp("suna"), tokens=[TOKEN]
    ) as simulated:
        yield Suna(profile, simulated)


@pytest.fixture
def suna(running: Suna) -> Suna:
    running.simulated.reset()
    running.simulated.set_options(forgets_model=False, writes_prompts=False)
    return running


async def test_it_is_added_beside_what_the_agent_has_and_nothing_else_of_it_changes(suna: Suna) -> None:
    suna.edit(custom_mcps=[THEIRS])
    before = suna.setup()

    async with client_to(suna.simulated.url, profile=suna.profile) as client:
        changed = await client.attach_tools(AGENT, SERVER)
        versions = suna.agent()["version_count"]
        again = await client.attach_tools(AGENT, SERVER)
        assert suna.agent()["version_count"] == versions
        await client.attach_tools(AGENT, MOVED)

    assert changed == again == ()
    assert suna.setup() == before
    servers = suna.servers()
    assert servers["Tickets"] == THEIRS
    assert set(servers) == {"Tickets", SERVER.name}
    ours = servers[SERVER.name]
    assert (ours["type"], ours["config"], ours["enabledTools"]) == (
        "http",
        {"url": MOVED.url},
        list(MOVED.tools),
    )


async def test_a_model_that_suna_forgets_as_it_saves_is_given_back(suna: Suna) -> None:
    before = suna.setup()
    suna.simulated.set_options(forgets_model=True)

    async with client_to(suna.simulated.url, profile=suna.profile) as client:
        changed = await client.attach_tools(AGENT, SERVER)

    assert changed == ()
    assert suna.setup() == before
    assert set(suna.servers()) == {SERVER.name}


async def test_a_prompt_that_suna_will_not_give_back_is_told(suna: Suna) -> None:
    suna.simulated.set_options(writes_prompts=True)

    async with client_to(suna.simulated.url, profile=suna.profile) as client:
        changed = await client.attach_tools(AGENT, SERVER)

    assert changed == ("system_prompt",)
    assert set(suna.servers()) == {SERVER.name}


async def test_an_agent_that_is_not_there_is_not_found(suna: Suna) -> None:
    async with client_to(suna.simulated.url, profile=suna.profile) as client:
        with pytest.raises(NotFound):
            await client.attach_tools("00000000-0000-0000-0000-000000000000", SERVER)


async def test_a_change_that_suna_refuses_leaves_the_agent_as_it_is(suna: Suna) -> None:
    suna.simulated.fail("agent.edit", kind="status", status=422, body="no")
    before = suna.agent()

    async with client_to(suna.simulated.url, profile=suna.profile) as client:
        with pytest.raises((Rejected, BadResponse)):
            await client.attach_tools(AGENT, SERVER)

    assert suna.agent() == before
