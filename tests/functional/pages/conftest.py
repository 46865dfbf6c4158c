"""Clients that are signed in, and an execution of the owner's team to look at."""

from collections.abc import Callable

import pytest
from django.test import Client

from executions.models import Execution
from teams.models import Agent, Team, User
from tests.fixtures.site_rows import start


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """Give a function that returns a client signed in as a person; CSRF is checked as in life."""

    def signed_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return signed_in


@pytest.fixture
def agents(team: Team) -> None:
    """Give the team's agents names."""
    names = {"agent-123": "Ada", "agent-456": "Bela", "agent-789": "Chico"}
    Agent.objects.bulk_create(
        Agent(connection=team.connection, agent_id=agent_id, name=name)  # type: ignore[misc]
        for agent_id, name in names.items()
    )


@pytest.fixture
def execution(team: Team, agents: None) -> Execution:
    """Give an execution that nobody has begun."""
    return start(team)
