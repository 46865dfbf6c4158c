"""The builder without JavaScript: steps as forms, the JSON view, problems at their place, and saving."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from teams.actions.save_version import save_version
from teams.models import Team, User
from tests.fixtures.people import CONDITIONAL, SEQUENTIAL
from tests.functional.pages.builder_form import fields_of, send, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga(sign_in: Callable[[User], Client], owner: User) -> Client:
    return sign_in(owner)


@pytest.fixture
def page(olga: Client, team: Team, agents: None) -> Any:
    return olga.get(reverse("team-edit", args=[team.pk]))


def test_a_team_of_two_steps_is_built_from_nothing(olga: Client, team: Team, agents: None) -> None:
    page = olga.get(reverse("team-new"))
    assert "not right yet" not in text_of(page)
    page = send(olga, page, "add", s0__agent_id="agent-123", s0__role="finder")
    assert "1. finder" in text_of(page)
    page = send(olga, page, "check", s1__agent_id="agent-456", s1__input=["", "prompt", "step:step-1"])
    assert "there are no problems" in text_of(page)

    page = send(olga, page, "save", name="Newsroom")

    made = Team.objects.get(name="Newsroom")
    assert page["Location"] == reverse("team", args=[made.pk])
    assert made.published_version is not None
    assert made.published_version.definition == {
        "version": 1,
        "type": "sequential",
        "agents": [
            {"agent_id": "agent-123", "id": "step-1", "role": "finder"},
            {
                "agent_id": "agent-456",
                "id": "step-2",
                "input": {
                    "source": "combined",
                    "sources": [{"type": "initial_prompt"}, {"type": "agent_result", "step": "step-1"}],
                },
            },
        ],
    }


def test_a_new_team_without_name_or_agent_is_told_at_the_fields(olga: Client, team: Team) -> None:
    page = send(olga, olga.get(reverse("team-new")), "save", note="mine")

    assert page.status_code in (400, 422)
    page = send(olga, page, "save", s0__agent_id="agent-1")
    assert page.status_code == 400
    assert 'id="name_error"' in page.content.decode()
    assert fields_of(page)["s0-agent_id"] == ["agent-1"]
    assert Team.objects.count() == 1


@pytest.mark.parametrize("definition", [SEQUENTIAL, CONDITIONAL])
@pytest.mark.parametrize("way", ["form", "json"])
def test_saving_untouched_keeps_the_document(
    olga: Client, team: Team, agents: None, definition: Any, way: str
) -> None:
    save_version(team=team, by=team.owner, definition=definition)
    page = send(olga, olga.get(reverse("team-edit", args=[team.pk])), "check")
    page = send(olga, send(olga, page, "json"), way)

    assert send(olga, page, "save", note="Again").status_code == 302

    newest = team.versions.order_by("-number")[0]
    assert json.dumps(newest.definition) == json.dumps(definition)


def test_the_two_views_show_one_document(olga: Client, page: Any) -> None:
    as_json = send(olga, page, "json", s0__role="chief")
    assert json.loads(fields_of(as_json)["source"][0])["agents"][0]["role"] == "chief"

    source = json.dumps(SEQUENTIAL | {"limits": {"deadline": "2h"}})
    as_form = send(olga, as_json, "form", source=source)
    assert fields_of(as_form)["deadline"] == ["2h"]

    undone = send(olga, as_form, "undo")
    assert (fields_of(undone)["deadline"], fields_of(undone)["s0-role"]) == ([""], ["chief"])


def test_steps_move_and_conditions_come_without_anything_lost(olga: Client, page: Any, team: Team) -> None:
    before = len(SEQUENTIAL["agents"])
    page = send(olga, page, "copy:0", s0__instructions="Näme\r\nthem.")
    assert fields_of(page)["s1-instructions"] == ["Näme\r\nthem."]
    page = send(olga, page, "remove:0")
    page = send(olga, page, "check", type="graph", s1__conditions="when")
    page = send(olga, page, "condition:1", s1__c0__of="path", s1__c0__key="initial_prompt")
    assert "s1-c1-operator" in fields_of(page)
    page = send(olga, page, "uncondition:1:1", s1__c0__operator="contains", s1__c0__value="urgent")
    page = send(olga, page, "json")

    document = json.loads(fields_of(page)["source"][0])
    assert len(document["agents"]) == before
    assert document["agents"][1]["conditions"] == [
        {"field": "initial_prompt", "operator": "contains", "value": "urgent"}
    ]
    assert team.versions.count() == 1


def test_a_mistake_in_a_field_is_told_beside_it_and_kept(olga: Client, page: Any, team: Team) -> None:
    refused = send(olga, page, "save", s0__max_attempts="many", s1__id="not good", note="A note")

    assert refused.status_code == 422
    content = refused.content.decode()
    assert 'id="s0-max_attempts_error"' in content
    assert 'href="#s1-id"' in content
    assert fields_of(refused)["s0-max_attempts"] == ["many"]
    assert fields_of(refused)["note"] == ["A note"]
    assert team.versions.count() == 1


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('{\n "type": "sequential",\n "agents": [\n  {"agent_id": 7}\n ]\n}', 4),
        ('{\n "type": "sequential",\n "type": "graph"\n}', 3),
        ('{\n "type": "sequential",\n oops\n}', 3),
        ('{"agents": [{"agent_id": "a",\n"timeout": 1e400}]}', 2),
        ('{"agents":\n [{"agent_id": "a\\u0000"}]}', 2),
        ("[" * 100_000, 1),
        ('{"__proto__": {"a": 1},\n"agents": [{"agent_id": "a"}]}', 1),
        ("", 1),
        ("null", 1),
    ],
)
def test_a_mistake_in_the_json_is_told_with_its_line_and_kept(
    olga: Client, page: Any, team: Team, source: str, line: int
) -> None:
    as_json = send(olga, page, "json")
    refused = send(olga, as_json, "save", source=source)

    assert refused.status_code in (200, 422)
    assert f"Line {line}" in text_of(refused)
    assert fields_of(refused)["source"] == [source.replace("\n", "\r\n")]
    assert team.versions.count() == 1
    # The way back: the document of before is carried along.
    again = send(olga, refused, "form", source=json.dumps(SEQUENTIAL))
    assert fields_of(again)["s0-agent_id"] == ["agent-123"]


@pytest.mark.parametrize(
    "document", [{"agents": [{"agent_id": "a"}] * 500}, {"agents": [1]}, {"agents": {}}, {}, [], 3]
)
def test_a_document_that_is_no_form_stays_json(olga: Client, page: Any, document: Any) -> None:
    answer = send(olga, send(olga, page, "json"), "form", source=json.dumps(document))

    assert answer.status_code == 200
    sent = fields_of(answer)
    assert sent["view"] == ["form"] if document == {} else ["json"]


@pytest.mark.parametrize("base", ["", "{", "[]", "null", "[" * 3000, '{"agents": [1]}', '{"a": 1e999}'])
def test_a_form_that_was_tampered_with_is_no_error(olga: Client, page: Any, base: str) -> None:
    for op in ("check", "undo", "save", "up:0", "remove:99", "condition:0", "json", "form", "\0"):
        answer = send(olga, page, op, base=base, undo=base, mark="odd", s0__role="a\0b")
        assert answer.status_code in (200, 302, 400, 412, 422), (op, answer.status_code)


def test_a_huge_text_is_refused_and_one_that_may_be_sent_is_kept(olga: Client, page: Any) -> None:
    as_json = send(olga, page, "json")

    large = send(olga, as_json, "save", source='"' + "a" * 300_000 + '"')
    assert (large.status_code, fields_of(large)["source"][0][:3]) == (200, '"aa')
    huge = send(olga, as_json, "save", source='"' + "é" * 2_000_000 + '"')
    assert huge.status_code in (400, 413)


def test_the_form_tells_nothing_to_who_may_not_edit(
    sign_in: Callable[[User], Client], olga: Client, page: Any, team: Team, viewer: User, outsider: User
) -> None:
    sent = fields_of(page) | {"op": ["save"]}

    assert sign_in(viewer).post(page.request["PATH_INFO"], sent).status_code == 403
    assert sign_in(outsider).post(page.request["PATH_INFO"], sent).status_code == 404
    assert team.versions.count() == 1


def test_a_connection_of_somebody_else_cannot_be_chosen(
    sign_in: Callable[[User], Client], team: Team, outsider: User
) -> None:
    stranger = sign_in(outsider)
    page = send(stranger, stranger.get(reverse("team-new")), "check", connection=str(team.connection_id))

    send(stranger, page, "save", connection=str(team.connection_id), name="Mine", s0__agent_id="agent-123")

    assert Team.objects.get(name="Mine").connection_id is None


def test_a_workflow_of_fifty_steps_is_edited_as_a_form(olga: Client, team: Team) -> None:
    steps = [{"agent_id": "a", "id": f"s{at}", "role": f"r{at}"} for at in range(50)]
    save_version(team=team, by=team.owner, definition={"type": "sequential", "agents": steps})
    page = olga.get(reverse("team-edit", args=[team.pk]))

    saved = send(olga, page, "save", s49__role="last")

    assert saved.status_code == 302
    newest = team.versions.order_by("-number")[0]
    assert [step["role"] for step in newest.definition["agents"]][-2:] == ["r48", "last"]


def test_two_editors_lose_nothing(olga: Client, page: Any, team: Team, editor: User) -> None:
    theirs = {"type": "sequential", "agents": [{"agent_id": "agent-123", "role": "theirs"}]}
    save_version(team=team, by=editor, definition=theirs)

    told = send(olga, page, "save", s0__role="mine", note="From me")

    assert told.status_code == 412
    assert f"{editor.get_username()} saved version 2 while you edited" in text_of(told)
    assert "Keep mine as version 3" in text_of(told)
    assert "theirs" in text_of(told)
    assert team.versions.count() == 2
    kept = send(olga, told, "save")
    assert kept.status_code == 302
    newest = team.versions.order_by("-number")[0]
    assert (newest.number, newest.note, newest.definition["agents"][0]["role"]) == (3, "From me", "mine")


def test_checking_after_a_colleague_saved_does_not_hide_it(
    olga: Client, page: Any, team: Team, editor: User
) -> None:
    save_version(team=team, by=editor, definition=CONDITIONAL)

    checked = send(olga, page, "check", s0__role="mine")

    assert send(olga, checked, "save").status_code == 412


def test_what_a_colleague_saved_is_shown_until_it_is_decided(
    olga: Client, page: Any, team: Team, editor: User
) -> None:
    theirs = {"type": "sequential", "agents": [{"agent_id": "agent-123", "role": "theirs"}]}
    save_version(team=team, by=editor, definition=theirs)
    told = send(olga, page, "save", s0__role="mine")

    for op in ("check", "up:1", "json", "form", "undo"):
        told = send(olga, told, op)
        assert "saved version 2 while you edited" in text_of(told), op
        assert "Keep mine as version 3" in text_of(told)
    broken = send(olga, send(olga, told, "json"), "check", source="{")
    assert "saved version 2 while you edited" in text_of(broken)

    save_version(team=team, by=editor, definition=CONDITIONAL)
    again = send(olga, told, "save", s0__role="mine")
    assert (again.status_code, fields_of(again)["conflict"]) == (412, ["3"])
    assert send(olga, again, "save").status_code == 302
    assert team.versions.count() == 4
    for odd in ("99", "x", "1" * 40, "\0", "-1"):
        assert "while you edited" not in text_of(send(olga, page, "check", conflict=odd))


def test_a_moved_step_keeps_the_focus_on_its_button(olga: Client, team: Team) -> None:
    steps = [{"agent_id": "a", "id": f"s{at}"} for at in range(3)]
    save_version(team=team, by=team.owner, definition={"agents": steps})
    page = olga.get(reverse("team-edit", args=[team.pk]))

    for verb, focused in (("down:0", "down:1"), ("down:1", "up:2"), ("up:2", "up:1"), ("up:1", "down:0")):
        page = send(olga, page, verb)
        assert re.findall(r'value="(\w+:\d)"[^>]* autofocus', page.content.decode()) == [focused]


def test_the_builder_speaks_portuguese(olga: Client, team: Team) -> None:
    response = olga.get(reverse("team-edit", args=[team.pk]), headers={"Accept-Language": "pt-BR"})

    assert "Adicionar uma etapa" in text_of(response)
