"""Two definitions compared: which steps came, went, moved or changed, and where."""

import time
from typing import Any

from teams.workflow.diff import MAX_TEXT_LINES, diff_definitions, is_same_definition


def workflow(*steps: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"type": "sequential", "agents": list(steps), **members}


def step(agent_id: str, **members: Any) -> dict[str, Any]:
    return {"agent_id": agent_id, **members}


def test_the_order_of_members_and_the_schema_are_no_difference() -> None:
    before = workflow(step("a", role="x"), **{"$schema": "https://example.org/1"})
    after = {"agents": [{"role": "x", "agent_id": "a"}], "type": "sequential"}

    assert is_same_definition(before, after)
    diff = diff_definitions(before, after)
    assert (diff.is_same, diff.steps, diff.document, diff.text) == (True, (), (), "")


def test_true_and_1_and_1_0_are_different_values() -> None:
    assert not is_same_definition({"a": True}, {"a": 1})
    assert not is_same_definition({"a": [None]}, {"a": []})


def test_steps_that_came_went_and_changed_are_told_with_pointers_into_both() -> None:
    before = workflow(step("a"), step("b", role="old"), step("c"))
    after = workflow(step("b", role="new", retry={"max_attempts": 2}), step("c"), step("d"), type="graph")

    diff = diff_definitions(before, after)

    told = [(one.step, one.kind, one.before, one.after) for one in diff.steps]
    assert told == [
        ("a", "removed", "/agents/0", None),
        ("b", "changed", "/agents/1", "/agents/0"),
        ("d", "added", None, "/agents/2"),
    ]
    changes = [(one.kind, one.pointer, one.before, one.after) for one in diff.steps[1].changes]
    assert changes == [
        ("changed", "/agents/0/role", "old", "new"),
        ("added", "/agents/0/retry", None, {"max_attempts": 2}),
    ]
    assert [(one.pointer, one.after) for one in diff.document] == [("/type", "graph")]


def test_a_step_is_known_by_its_id_and_a_moved_one_is_told_alone() -> None:
    before = workflow(step("x", id="one"), step("x", id="two"), step("x", id="three"))
    after = workflow(step("x", id="three"), step("x", id="one"), step("x", id="two"))

    [moved] = diff_definitions(before, after).steps

    assert (moved.step, moved.kind, moved.before, moved.after) == ("three", "moved", "/agents/2", "/agents/0")


def test_pointers_escape_what_they_must() -> None:
    [change] = diff_definitions({"x-a/b~c": 1}, {"x-a/b~c": 2}).document

    assert change.pointer == "/x-a~1b~0c"


def test_what_is_no_workflow_is_compared_as_plain_values() -> None:
    twins = {"agents": [step("a"), step("a", role="second")]}

    diff = diff_definitions(twins, {"agents": [step("a"), step("a", role="other")]})
    assert [(one.kind, one.pointer) for one in diff.document] == [("changed", "/agents/1/role")]
    assert diff_definitions(None, workflow(step("a"))).steps[0].kind == "added"
    for odd in (None, [], "text", {"agents": "none"}, {"agents": [1, {"id": 5}]}):
        assert not diff_definitions(odd, workflow(step("a"))).is_same


def test_the_text_is_a_unified_diff() -> None:
    diff = diff_definitions(
        workflow(step("a")), workflow(step("b")), before_name="version 1", after_name="version 2"
    )

    assert diff.text is not None
    lines = diff.text.splitlines()
    assert lines[:2] == ["--- version 1", "+++ version 2"]
    assert '-      "agent_id": "a"' in lines
    assert '+      "agent_id": "b"' in lines


def test_long_texts_are_left_out_and_the_largest_that_are_not_are_quick(figure: Any) -> None:
    # The worst for difflib: many lines that are all alike, and others that are all different.
    long = {"x-a": [1] * MAX_TEXT_LINES}
    assert diff_definitions(long, {}).text is None
    half = MAX_TEXT_LINES // 2 - 10
    before = {"x-a": [n % 7 for n in range(half)]}
    after = {"x-a": [n % 5 for n in range(half)]}

    began = time.perf_counter()
    assert diff_definitions(before, after).text is not None

    took_s = time.perf_counter() - began
    figure("workflow_diff_worst_s", round(took_s, 3))
    assert took_s < 10
