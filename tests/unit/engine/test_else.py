"""Steps that close a group with "conditions": "else" (language, section 4)."""

from typing import Any

import pytest

from executions.engine.decide import decide
from executions.engine.decisions import SkipStep, StartStep
from tests.unit.engine.clockwork import NOW
from tests.unit.engine.plans import make_plan, make_step, stand, state_of


def decided(a: str, b: str, *, own: str = "completed", **fields: Any) -> str | None:
    """Return what becomes of the else of a and b: start, the reason of its skip, or None for wait."""
    plan = make_plan(
        make_step("k"),
        make_step("a", "k"),
        make_step("b", "k"),
        make_step("other", "k", else_group=("a", "b"), **fields),
    )
    # What is running keeps a pending member from being judged in this call.
    state = state_of(plan, stand("k", own), stand("a", a), stand("b", b))
    for decision in decide(plan, state, NOW):
        if isinstance(decision, StartStep) and decision.step_id == "other":
            return "start"
        if isinstance(decision, SkipStep) and decision.step_id == "other":
            return decision.reason.code
    return None


@pytest.mark.parametrize("matched", ["running", "retrying", "ready", "completed", "failed"])
def test_else_is_skipped_when_a_member_matched_whatever_became_of_it(matched: str) -> None:
    assert decided(matched, "condition_false") == "condition_false"


def test_else_starts_when_no_member_matched() -> None:
    assert decided("condition_false", "condition_false") == "start"


def test_else_is_skipped_as_upstream_failed_when_one_member_was() -> None:
    assert decided("condition_false", "upstream_failed") == "upstream_failed"


def test_else_is_skipped_as_upstream_skipped_when_all_members_were() -> None:
    assert decided("upstream_skipped", "upstream_skipped") == "upstream_skipped"


def test_else_starts_when_only_some_members_were_skipped_upstream() -> None:
    assert decided("upstream_skipped", "condition_false") == "start"


@pytest.mark.parametrize("skipped", ["upstream_failed", "upstream_skipped"])
def test_else_with_all_done_starts_when_the_group_was_skipped_upstream(skipped: str) -> None:
    assert decided(skipped, skipped, join="all_done") == "start"


def test_else_with_all_done_is_skipped_when_a_member_matched() -> None:
    assert decided("completed", "upstream_failed", join="all_done") == "condition_false"


def test_else_gives_its_own_join_first_when_that_does_not_hold() -> None:
    assert decided("upstream_failed", "running", own="failed") == "upstream_failed"


def test_else_waits_while_its_own_join_is_open() -> None:
    assert decided("condition_false", "condition_false", own="running") is None


def test_else_is_judged_in_the_same_call_as_its_group() -> None:
    plan = make_plan(make_step("a"), make_step("other", else_group=("a",)))

    decisions = decide(plan, state_of(plan), NOW)

    assert [type(one) for one in decisions] == [SkipStep, StartStep]
    assert decisions[0].step_id == "other"
    assert decisions[0].reason.params == {"else": True, "matched": ["a"]}
