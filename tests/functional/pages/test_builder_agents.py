"""The builder's agents: found by name among many, and said to be gone or another than they were."""

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from teams.actions.save_version import save_version
from teams.models import Agent, Team, User
from tests.functional.pages.builder_form import fields_of, send, text_of, text_of_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga(sign_in: Callable[[User], Client], owner: User) -> Client:
    return sign_in(owner)


@pytest.fixture
def page(olga: Client, team: Team, agents: None) -> Any:
    return olga.get(reverse("team-edit", args=[team.pk]))


@pytest.fixture
def crowd(team: Team) -> None:
    """Give the connection two hundred agents; two have one name, and one has another's id for a name."""
    names = [f"Writer {number:03}" for number in range(197)] + ["Twin", "Twin", "agent-7"]
    Agent.objects.bulk_create(
        Agent(connection=team.connection, agent_id=f"agent-{at}", name=name) for at, name in enumerate(names)
    )


def test_one_of_two_hundred_agents_is_found_by_its_name(olga: Client, team: Team, crowd: None) -> None:
    steps = [{"agent_id": f"agent-{at}", "id": f"s{at}"} for at in range(50)]
    save_version(team=team, by=team.owner, definition={"type": "parallel", "agents": steps})
    page = olga.get(reverse("team-edit", args=[team.pk]))
    assert page.content.count(b'<option value="Writer 007"') == 1
    assert fields_of(page)["s7-agent_id"] == ["Writer 007"]

    chosen = {"s0__agent_id": "writer  123 ", "s1__agent_id": "agent-150", "s2__agent_id": "Twin (agent-198)"}
    assert send(olga, page, "save", **chosen, s3__agent_id="agent-7").status_code == 302

    newest = team.versions.order_by("-number")[0].definition["agents"]
    assert [step["agent_id"] for step in newest[:5]] == [
        "agent-123",
        "agent-150",
        "agent-198",
        "agent-7",
        "agent-4",
    ]


def test_a_name_that_is_no_agents_is_kept_and_others_are_offered(
    olga: Client, team: Team, crowd: None
) -> None:
    save_version(team=team, by=team.owner, definition={"agents": [{"agent_id": "gone-1", "id": "a"}]})
    page = olga.get(reverse("team-edit", args=[team.pk]))
    assert fields_of(page)["s0-agent_id"] == ["gone-1"]

    page = send(olga, page, "check", s0__agent_id="twin")

    assert fields_of(page)["s0-agent_id"] == ["twin"]
    assert "Did you mean Twin (agent-197) or Twin (agent-198)?" in text_of(page)
    assert "Suna does not list this agent." in text_of(page)
    told = text_of(send(olga, page, "check", s0__agent_id="Writr 00"))
    assert "There is no agent “Writr 00”." in told
    assert "Did you mean Writer" in told
    hostile = "a" * 100_000
    assert send(olga, page, "check", s0__agent_id=hostile).status_code == 200
    assert send(olga, page, "check", s0__agent_id="").status_code == 200


def test_a_step_whose_agent_is_gone_or_another_says_so_in_the_builder_and_on_the_team_page(
    olga: Client, page: Any, team: Team
) -> None:
    Agent.objects.filter(agent_id="agent-123").update(missing_since=Now())
    Agent.objects.filter(agent_id="agent-456").update(changed_at=Now(), changed_from={"model_name": "small"})

    content = olga.get(page.request["PATH_INFO"]).content.decode()
    for field, said in (("s0-agent_id", "does not list the agent"), ("s1-agent_id", "its model was small")):
        note = content.split(f'<small id="{field}_note"')[1].split("</small>")[0]
        assert said in html.unescape(note)
        assert f"{field}_note" in content.split(f'id="{field}" name')[1].split(">")[0]
    team_page = olga.get(reverse("team", args=[team.pk])).content.decode()
    assert "Look at 2 steps: their agents are not what they were." in text_of_page(team_page)
    first = team_page.split('<li id="step-')[1].split("</li>")[0]
    assert 'data-warning="agent_missing"' in first
    assert "Choose another agent" in first
    assert f"{page.request['PATH_INFO']}#s0" in first


def test_missing_agents_are_said(olga: Client, page: Any, team: Team) -> None:
    assert team.connection is not None
    team.connection.agents.filter(agent_id="agent-123").delete()
    again = olga.get(page.request["PATH_INFO"])

    assert "agent-123 (not there)" in text_of(again)
    assert fields_of(again)["s0-agent_id"] == ["agent-123"]
