"""The page of a connection: its agents are found, with the teams that use them."""

from collections.abc import Callable

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from teams.actions.create_team import create_team
from teams.models import Agent, SunaConnection, Team, User
from tests.fixtures.people import SEQUENTIAL

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(team: Team) -> str:
    """Give the address of the team's connection."""
    return f"/connections/{team.connection_id}/"


def test_agents_are_found_by_name_id_and_model_in_any_case(
    sign_in: Callable[[User], Client], owner: User, team: Team, agents: None, page: str
) -> None:
    Agent.objects.filter(agent_id="agent-456").update(model_name="Claude-X")
    client = sign_in(owner)

    found = {
        words: [shown.row.name for shown in client.get(page, {"q": words}).context["catalogue"].agents]
        for words in ("ADA", "agent-789", "claude", "%", "\x00", "x" * 500, "' OR 1=1 --")
    }

    assert found["ADA"] == ["Ada"]
    assert found["agent-789"] == ["Chico"]
    assert found["claude"] == ["Bela"]
    assert found["\x00"] == ["Ada", "Bela", "Chico"]
    assert found["%"] == found["x" * 500] == found["' OR 1=1 --"] == []


def test_a_missing_agent_comes_first_with_the_readers_teams_that_need_it(
    sign_in: Callable[[User], Client], owner: User, team: Team, agents: None, outsider: User, page: str
) -> None:
    SunaConnection.objects.update(owner=None)
    create_team(owner=outsider, name="Of others", definition=SEQUENTIAL, connection=team.connection)
    Agent.objects.filter(agent_id="agent-789").update(missing_since=timezone.now())

    response = sign_in(owner).get(page)

    first = response.context["catalogue"].agents[0]
    assert first.row.agent_id == "agent-789"
    assert [used.name for used in first.teams] == ["Analysts"]
    assert "choose another agent" in response.content.decode()
    assert "Of others" not in response.content.decode()


def test_the_page_asks_as_often_for_many_agents_and_teams_as_for_few(
    sign_in: Callable[[User], Client], owner: User, team: Team, agents: None, page: str
) -> None:
    client = sign_in(owner)
    counts = []
    for more in (20, 0):
        with CaptureQueriesContext(database) as asked:
            client.get(page)
        counts.append(len(asked))
        for number in range(more):
            Agent.objects.create(connection=team.connection, agent_id=f"more-{number}")
            create_team(owner=owner, name=f"Team {number}", definition=SEQUENTIAL, connection=team.connection)

    assert counts[0] == counts[1] <= 12
