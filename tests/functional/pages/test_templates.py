"""The gallery: each template reads, differs from the others, becomes a team, and leads on to its run."""

import pytest
from django.test import Client

from executions.models import Execution
from teams.gallery import TEMPLATE_KEYS, find_template, list_templates
from teams.gallery.guessing import guess_agent
from teams.gallery.reading import TeamTemplate
from teams.models import Agent, SunaConnection, Team, User
from teams.workflow.parsing import read_definition

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue(suna_connection: SunaConnection) -> list[Agent]:
    """Give two agents that the connection offers."""
    names = {"agent-1": "Classifier", "agent-2": "Support agent"}
    return [
        Agent.objects.create(connection=suna_connection, agent_id=agent_id, name=name)
        for agent_id, name in names.items()
    ]


@pytest.fixture
def client(owner: User) -> Client:
    """Give the owner's browser."""
    client = Client()
    client.force_login(owner)
    return client


def shape_of(template: TeamTemplate) -> frozenset[tuple[str, tuple[str, ...]]]:
    """Return the graph without names: for each step its place and the places that it waits for."""
    plan = read_definition(template.definition).plan
    assert plan is not None
    place = {step.id: str(at) for at, step in enumerate(plan.steps)}
    return frozenset(
        (place[step.id], tuple(sorted(place[other] for other in step.depends))) for step in plan.steps
    )


@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_every_template_is_a_workflow_without_problems(language: str) -> None:
    for template in list_templates(language):
        checked = read_definition(template.definition)

        assert checked.problems == (), template.key
        # Mending is for what was objected to: without objections nobody does it.
        told = {"not_exhaustive"} if template.key == "software-delivery" else set()
        assert {problem.code for problem in checked.warnings} == told, template.key
        assert template.example_prompt


def test_no_two_templates_share_their_shape_or_their_roles() -> None:
    templates = list_templates("en")

    assert len({shape_of(template) for template in templates}) == len(TEMPLATE_KEYS) == 4
    assert len({frozenset(role.key for role in template.roles) for template in templates}) == 4


def test_the_languages_say_all_and_say_it_in_other_words() -> None:
    for english, portuguese in zip(list_templates("en"), list_templates("pt-br"), strict=True):
        assert [role.key for role in english.roles] == [role.key for role in portuguese.roles]
        pairs = [(english.name, portuguese.name), (english.example_prompt, portuguese.example_prompt)]
        pairs += [(one.name, other.name) for one, other in zip(english.roles, portuguese.roles, strict=True)]
        for one, other in zip(english.definition["agents"], portuguese.definition["agents"], strict=True):
            pairs.append((one["instructions"], other["instructions"]))
        assert [pair for pair in pairs if pair[0] == pair[1]] == []


def test_the_best_agent_is_chosen_already_and_others_stay_open(catalogue: list[Agent]) -> None:
    template = find_template("customer-service", "en")
    assert template is not None
    guesses = {role.key: guess_agent(role, catalogue) for role in template.roles}

    assert guesses["classifier"] == catalogue[0]
    assert guesses["technical_support"] == catalogue[1]
    assert guess_agent(template.roles[0], catalogue[1:]) is None


def test_a_template_becomes_a_team_whose_prompt_is_ready(client: Client, catalogue: list[Agent]) -> None:
    page = client.get("/templates/customer-service/").content.decode()
    form = {
        "connection": str(catalogue[0].connection_id),
        "name": "Help desk",
        "agent-classifier": "agent-1",
        **{f"agent-{role}_support": "agent-2" for role in ("technical", "billing", "general")},
    }
    made = client.post("/templates/customer-service/", form)
    team = Team.objects.get(name="Help desk")
    run_form = client.get(made["Location"]).content.decode()

    assert '<option value="agent-1" selected>' in page
    assert made["Location"] == f"/teams/{team.pk}/run/"
    assert team.published_version is not None
    agents = [step["agent_id"] for step in team.published_version.definition["agents"]]
    assert agents == ["agent-1", "agent-2", "agent-2", "agent-2"]
    assert "The app crashes with an error" in run_form
    assert Execution.objects.count() == 0


@pytest.mark.parametrize("agent", ["", "agent-9", "\x00", "x" * 5000])
def test_an_open_role_is_said_and_what_was_chosen_stays(
    client: Client, catalogue: list[Agent], agent: str
) -> None:
    form = {"connection": str(catalogue[0].connection_id), "name": "Help desk", "agent-classifier": agent}
    form |= {f"agent-{role}_support": "agent-2" for role in ("technical", "billing", "general")}

    refused = client.post("/templates/customer-service/", form)

    assert refused.status_code == 422
    assert "Choose an agent for each role." in refused.content.decode()
    assert refused.content.decode().count('<option value="agent-2" selected>') == 3
    assert not Team.objects.filter(name="Help desk").exists()


def test_another_persons_connection_is_none(catalogue: list[Agent], outsider: User) -> None:
    client = Client()
    client.force_login(outsider)
    form = {"connection": str(catalogue[0].connection_id), "name": "Mine", "agent-classifier": "agent-1"}
    form |= {f"agent-{role}_support": "agent-1" for role in ("technical", "billing", "general")}

    assert client.post("/templates/customer-service/", form).status_code == 422
    assert (
        "Classifier</option>"
        not in client.get("/templates/customer-service/", {"connection": form["connection"]}).content.decode()
    )
    assert not Team.objects.filter(owner=outsider).exists()


def test_without_a_connection_the_page_leads_to_one(outsider: User) -> None:
    client = Client()
    client.force_login(outsider)

    assert "/connections/new/" in client.get("/templates/market-research/").content.decode()
    assert client.get("/templates/no-such/").status_code == 404
