"""What the fields make of a document, one at a time."""

from typing import Any

import pytest

from teams.builder import BLANK, apply_form, build_form, change
from teams.workflow.parsing import read_definition
from tests.unit.builder.sending import sent_by

TWO: dict[str, Any] = {
    "type": "conditional",
    "agents": [
        {"agent_id": "sorter", "id": "sort", "output": {"schema": {"type": "object", "required": ["kind"]}}},
        {
            "agent_id": "mender",
            "conditions": [{"field": "steps.sort.data.kind", "operator": "equals", "value": "bug"}],
            "input": {"source": "agent_result", "agent_id": "sort"},
        },
    ],
    "output": {"answer": "steps.mender.text"},
}


def with_fields(document: dict[str, Any], **fields: list[str]) -> dict[str, Any]:
    others = {name.replace("__", "-"): values for name, values in fields.items()}
    return apply_form(document, sent_by(build_form(document), others))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"s0__role": ["writer"]}, {"role": "writer"}),
        ({"s0__timeout": ["20m"]}, {"timeout": "20m"}),
        ({"s0__timeout": ["90"]}, {"timeout": 90}),
        ({"s0__max_attempts": ["3"]}, {"retry": {"max_attempts": 3}}),
        ({"s0__max_attempts": ["many"]}, {"retry": {"max_attempts": "many"}}),
        ({"s0__input": ["", "prompt"]}, {"input": {"source": "initial_prompt"}}),
        ({"s0__context_key": [" tone "]}, {"input": {"source": "context", "key": "tone"}}),
        (
            {"s0__input": ["", "prompt", "step:mender"]},
            {
                "input": {
                    "source": "combined",
                    "sources": [{"type": "initial_prompt"}, {"type": "agent_result", "step": "mender"}],
                }
            },
        ),
        ({"s0__depends_on": ["", "mender"]}, {"depends_on": ["mender"]}),
        ({"s0__conditions": ["else"]}, {"conditions": "else"}),
        ({"s0__services": ["tavily, openai"]}, {"services": ["tavily", "openai"]}),
        ({"s0__on_error": ["continue"]}, {"on_error": "continue"}),
    ],
)
def test_a_field_writes_its_member(fields: dict[str, list[str]], expected: dict[str, Any]) -> None:
    changed = with_fields(TWO, **fields)

    assert changed["agents"][0] == TWO["agents"][0] | expected
    assert changed["agents"][1] == TWO["agents"][1]


def test_an_emptied_field_takes_its_member_away() -> None:
    changed = with_fields(TWO, s0__output=[" "], s1__conditions=[""], s1__input=[""])

    assert changed["agents"] == [{"agent_id": "sorter", "id": "sort"}, {"agent_id": "mender"}]


@pytest.mark.parametrize(
    ("typed", "operator", "value"),
    [
        ("bug", "equals", "bug"),
        ("3", "equals", 3),
        ('"3"', "equals", "3"),
        ("true", "equals", True),
        ("a, b", "in", ["a", "b"]),
        ('"a, b", 2', "in", ["a, b", 2]),
        ("2026-01-01, 2026-02-01", "between", ["2026-01-01", "2026-02-01"]),
        ("1e400", "gt", "1e400"),
        ("99999999999999999999", "gt", "99999999999999999999"),
    ],
)
def test_a_condition_is_typed_in_words(typed: str, operator: str, value: Any) -> None:
    fields = {"s1__c0-operator": [operator], "s1__c0-value": [typed]}
    changed = with_fields(TWO, **fields)

    item = {"field": "steps.sort.data.kind", "operator": operator, "value": value}
    assert changed["agents"][1]["conditions"] == [item]
    row = build_form(changed).steps[1].rows[0]
    assert row is not None
    assert (row.of, row.key, row.operator) == ("data:sort", "kind", operator)


def test_an_operator_without_value_drops_it_and_what_goes_with_it() -> None:
    item = {"field": "initial_prompt", "operator": "equals", "value": 1, "ignore_case": True, "x-note": 1}
    document = {"agents": [{"agent_id": "a", "conditions": [item]}]}

    changed = with_fields(document, **{"s0__c0-operator": ["exists"]})

    assert changed["agents"][0]["conditions"] == [
        {"field": "initial_prompt", "operator": "exists", "x-note": 1}
    ]


def test_a_new_name_is_followed_by_all_that_names_the_step() -> None:
    changed = with_fields(TWO, s0__id=["triage"], s1__agent_id=["fixer"])

    assert changed["agents"][1]["conditions"][0]["field"] == "steps.triage.data.kind"
    assert changed["agents"][1]["input"]["agent_id"] == "triage"
    assert changed["output"] == {"answer": "steps.fixer.text"}
    assert read_definition(changed).problems == ()


def test_a_step_that_loses_its_agent_keeps_its_name() -> None:
    changed = with_fields(TWO, s1__agent_id=[""])

    assert changed["agents"][1]["id"] == "mender"
    assert changed["output"] == TWO["output"]


def test_two_steps_change_names() -> None:
    document = {"agents": [{"agent_id": "x", "id": "a"}, {"agent_id": "x", "id": "b", "depends_on": ["a"]}]}

    changed = with_fields(document, s0__id=["b"], s1__id=["a"])

    assert changed["agents"][1] == {"agent_id": "x", "id": "a", "depends_on": ["b"]}


def test_what_a_form_cannot_show_is_named_and_kept() -> None:
    step = {
        "agent_id": "a",
        "role": ["?"],
        "retry": {"max_attempts": 2, "on": ["timeout"]},
        "conditions": [{"any": []}],
        "colour": 1,
        "x-note": 1,
    }
    document = {"agents": [step], "defaults": {"timeout": 5}}
    form = build_form(document)

    assert set(form.steps[0].unshown) == {"role", "retry", "conditions", "colour"}
    assert form.unshown == ("defaults",)
    changed = with_fields(document, s0__role=["hacked"], s0__max_attempts=["4"])
    assert changed["agents"][0] == step | {"retry": {"max_attempts": 4, "on": ["timeout"]}}


def test_steps_come_go_and_change_places() -> None:
    document, at = change(BLANK, "add")
    assert (at, [step["id"] for step in document["agents"]]) == (1, ["step-1", "step-2"])

    document, at = change(document, "up:1")
    assert (at, [step["id"] for step in document["agents"]]) == (0, ["step-2", "step-1"])
    document, at = change(document, "copy:0")
    assert (at, [step["id"] for step in document["agents"]]) == (1, ["step-2", "step-3", "step-1"])
    document, at = change(document, "remove:0")
    assert (at, [step["id"] for step in document["agents"]]) == (0, ["step-3", "step-1"])
    document, _ = change(document, "condition:1")
    assert len(document["agents"][1]["conditions"]) == 1
    document, _ = change(document, "uncondition:1:0")
    assert "conditions" not in document["agents"][1]
    assert BLANK["agents"] == [{"agent_id": "", "id": "step-1"}]


@pytest.mark.parametrize("verb", ["up:0", "down:0", "up:9", "remove:", "uncondition:0:7", "", "x", "up:-1"])
def test_a_move_that_cannot_be_changes_nothing(verb: str) -> None:
    assert change(BLANK, verb)[0] == BLANK


def test_no_more_steps_are_added_than_a_workflow_may_have() -> None:
    document = {"agents": [{"agent_id": "a", "id": f"s{at}"} for at in range(50)]}

    assert change(document, "add") == (document, None)
    assert change(document, "copy:3") == (document, None)


@pytest.mark.parametrize("odd", ["a\0b", "\0", "a\rb"])
def test_a_name_that_no_browser_sends_back_is_not_shown_as_a_box(odd: str) -> None:
    document = {
        "agents": [{"agent_id": "a", "depends_on": [odd], "input": {"source": "context", "key": odd}}]
    }

    assert build_form(document).steps[0].unshown == ("depends_on", "input")
    assert with_fields(document, s0__depends_on=[""], s0__input=[""]) == document
