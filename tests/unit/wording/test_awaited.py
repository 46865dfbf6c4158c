"""What a page and the API say a step waits for is what the engine waits for."""

from executions.wording import awaited_by_step
from tests.unit.engine.plans import make_plan, make_step


def test_pending_steps_wait_for_what_is_not_over_and_for_their_group_s_undecided_steps() -> None:
    plan = make_plan(
        make_step("k"),
        make_step("a", "k"),
        make_step("b", "k", else_group=("a",)),
        make_step("last", "a", "b"),
    )
    classifying = {"k": "running", "a": "pending", "b": "pending", "last": "pending"}

    assert awaited_by_step(plan, classifying) == {"a": ("k",), "b": ("k", "a"), "last": ("a", "b")}
    assert awaited_by_step(plan, {**classifying, "k": "completed"}) == {
        "a": (),
        "b": ("a",),
        "last": ("a", "b"),
    }
    assert awaited_by_step(plan, {**classifying, "k": "failed", "a": "skipped"}) == {"b": (), "last": ("b",)}
