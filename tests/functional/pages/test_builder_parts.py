"""What the builder asks while somebody writes: what is wrong, the picture, and what a run would be."""

import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from executions.models import Execution
from teams.models import Team, User, WorkflowVersion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("agents")]

TWO_STEPS = {
    "type": "sequential",
    "agents": [
        {"agent_id": "agent-123", "id": "look", "instructions": "Look <b>here</b>."},
        {
            "agent_id": "agent-456",
            "id": "write",
            "input": {"source": "agent_result", "step": "look"},
        },
    ],
}
BAD_TEXTS = {
    "nothing": "",
    "half": '{"agents": [',
    "deep": "[" * 5000,
    "huge number": '{"agents": [1e400]}',
    "nul": '{"agents": ["\\u0000"]}',
    "raw nul": '{"agents": ["\0"]}',
    "twice": '{"agents": [], "agents": []}',
    "large": json.dumps({"agents": [], "x-note": "ã" * 400_000}),
    "prototype": '{"__proto__": {"agents": []}, "constructor": 1}',
    "many steps": json.dumps({"agents": [{"agent_id": f"a{number}"} for number in range(500)]}),
    "a list": "[]",
    "half a character": '{"agents": ["\\ud800"]}',
}


@pytest.fixture
def client(owner: User, sign_in: Callable[[User], Client]) -> Client:
    """Give the owner's browser."""
    return sign_in(owner)


def check(client: Client, text: str, **more: str) -> dict[str, list[dict[str, object]]]:
    answer = client.post(reverse("team-check"), {"definition": text, **more})
    assert answer.status_code == 200
    said: dict[str, list[dict[str, object]]] = answer.json()
    return said


def test_a_problem_is_told_with_its_line(client: Client) -> None:
    text = '{\r\n  "type": "sequential",\r\n  "agents": [\r\n    {"agent_id": "é", "colour": 1}\r\n  ]\r\n}'

    problems = check(client, text)["problems"]

    colour = next(one for one in problems if one["pointer"] == "/agents/0/colour")
    assert (colour["code"], colour["line"]) == ("unknown_field", 4)
    sent = text.replace("\r\n", "\n")
    assert sent[slice(colour["from"], colour["to"])] == "1"  # type: ignore[misc]


def test_the_place_counts_as_browsers_count(client: Client) -> None:
    text = '{"agents": [{"agent_id": "a", "role": "🙂", "colour": 1}]}'

    problems = check(client, text)["problems"]

    assert [one["from"] for one in problems] == [len(text[: text.rindex("1")].encode("utf-16-le")) // 2]


def test_broken_json_is_told_at_its_line_in_the_readers_language(client: Client, owner: User) -> None:
    type(owner).objects.filter(pk=owner.pk).update(language="pt-br")

    problems = check(client, '{\n  "agents": [}\n}')["problems"]

    assert [(one["line"], one["column"]) for one in problems] == [(2, 14)]
    assert problems[0]["message"] == "Isto não é JSON. Veja se falta aqui uma vírgula, aspas ou um colchete."


def test_an_agent_that_the_teams_connection_does_not_have_is_told_of(client: Client, team: Team) -> None:
    text = json.dumps({"type": "parallel", "agents": [{"agent_id": "agent-000"}]})

    alone, with_team = check(client, text), check(client, text, team=str(team.pk))

    assert alone == {"problems": [], "warnings": [], "agents": []}
    assert with_team["problems"] == []
    assert [(one["code"], one["pointer"]) for one in with_team["warnings"]] == [
        ("unknown_agent", "/agents/0/agent_id")
    ]


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_whatever_is_sent_is_answered_with_problems(client: Client, team: Team, text: str) -> None:
    said = check(client, text, team=str(team.pk))
    drawn = client.post(reverse("team-drawing"), {"definition": text})
    run = client.post(reverse("team-dry-run", args=[team.pk]), {"definition": text})

    assert said["problems"]
    assert all(one["message"] and one["line"] for one in said["problems"])
    assert drawn.status_code == 200
    assert b"<svg" not in drawn.content
    assert run.status_code == 400
    assert "The workflow has problems" in run.content.decode()


@pytest.mark.parametrize("name", ["team-check", "team-drawing"])
def test_a_team_that_is_not_ones_own_is_not_there(
    outsider: User, team: Team, sign_in: Callable[[User], Client], name: str
) -> None:
    client = sign_in(outsider)

    for given in (str(team.pk), "no-id"):
        assert client.post(reverse(name), {"definition": "{}", "team": given}).status_code == 404


def test_a_workflow_that_nobody_saved_is_drawn_with_the_agents_names(client: Client, team: Team) -> None:
    said = {"definition": json.dumps(TWO_STEPS), "team": str(team.pk)}

    page = client.post(reverse("team-drawing"), said).content.decode()

    assert page.count("data-node=") == 2
    assert "Ada" in page
    assert WorkflowVersion.objects.filter(team=team).count() == 1


def test_a_dry_run_shows_the_order_and_the_texts_and_starts_nothing(client: Client, team: Team) -> None:
    said = {"definition": json.dumps(TWO_STEPS), "prompt": "What of Lisbon?"}

    answer = client.post(reverse("team-dry-run", args=[team.pk]), said)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.index("At first") < page.index("Ada") < page.index("After that") < page.index("Bela")
    assert "What of Lisbon?" in page
    assert "Look &lt;b&gt;here&lt;/b&gt;." in page
    assert "<mark>the result of" in page
    assert not Execution.objects.exists()
    assert WorkflowVersion.objects.filter(team=team).count() == 1


def test_a_dry_run_says_what_is_wrong_and_keeps_what_was_typed(client: Client, team: Team) -> None:
    said = {"definition": '{"agents": [}', "prompt": "Keep me\0."}

    answer = client.post(reverse("team-dry-run", args=[team.pk]), said)

    assert answer.status_code == 400
    assert b"This is not JSON" in answer.content
    assert b"Keep me" in answer.content

    said["definition"] = json.dumps(TWO_STEPS)
    answer = client.post(reverse("team-dry-run", args=[team.pk]), said)

    assert answer.status_code == 400
    assert b'role="alert"' in answer.content


def test_the_builders_own_form_is_drawn_and_run_dry_as_it_stands(client: Client, team: Team) -> None:
    form = {"view": "form", "base": json.dumps(TWO_STEPS), "undo": "[]", "team": str(team.pk)}
    text = {"view": "json", "base": "{}", "source": json.dumps(TWO_STEPS, indent=1).replace("\n", "\r\n")}

    for sent in (form, text):
        drawn = client.post(reverse("team-drawing"), sent)
        run = client.post(reverse("team-dry-run", args=[team.pk]), sent)

        assert drawn.content.count(b"data-node=") == 2
        assert run.status_code == 200
        assert b"At first" in run.content


def test_a_new_teams_workflow_is_judged_by_the_connection_that_is_chosen(
    client: Client, team: Team, outsider: User, sign_in: Callable[[User], Client]
) -> None:
    sent = {"definition": json.dumps(TWO_STEPS), "connection": str(team.connection_id)}

    assert "Ada" in client.post(reverse("team-drawing"), sent).content.decode()
    assert {agent["name"] for agent in client.post(reverse("team-check"), sent).json()["agents"]} == {
        "Ada",
        "Bela",
        "Chico",
    }
    assert sign_in(outsider).post(reverse("team-check"), sent).json()["agents"] == []


def test_a_team_that_is_not_made_yet_is_run_dry_on_the_connection_that_is_chosen(
    client: Client, team: Team, outsider: User, sign_in: Callable[[User], Client]
) -> None:
    sent = {"view": "form", "base": json.dumps(TWO_STEPS), "connection": str(team.connection_id)}
    address = reverse("new-team-dry-run")

    page = client.post(address, sent).content.decode()
    assert page.index("At first") < page.index("Ada") < page.index("After that") < page.index("Bela")
    assert f'name="connection" value="{team.connection_id}"' in page
    assert f'action="{address}"' in page

    stranger = sign_in(outsider).post(address, sent)
    assert stranger.status_code == 200
    assert b"Ada" not in stranger.content
    assert client.post(address, {"connection": "odd"}).status_code == 404
    assert client.post(address, {"definition": "[" * 5000, "prompt": "\0"}).status_code == 400
    assert client.get(address).status_code == 405
    assert Team.objects.count() == 1
