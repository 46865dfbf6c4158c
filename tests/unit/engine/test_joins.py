"""The table of joins (language, section 4): every join with every pair of outcomes, written out by rule."""

import itertools

import pytest

from executions.engine.joins import JoinVerdict, judge_join
from tests.unit.engine.plans import ENDS, make_plan, make_step, stand, state_of

OPEN = {"pending", "running", "retrying", "ready"}
FAILED = {"failed", "cancelled", "upstream_failed"}
SKIPPED = {"upstream_skipped", "condition_false"}


def expect(join: str | None, outcomes: tuple[str, ...]) -> str:
    """The table in words, apart from the code under test: wait, start, or the reason of the skip."""
    is_open = any(one in OPEN for one in outcomes)
    completed = [one for one in outcomes if one == "completed"]
    failed = [one for one in outcomes if one in FAILED]
    skip = "upstream_failed" if failed else "upstream_skipped"
    if join == "any_success":
        return "start" if completed else "wait" if is_open else skip
    if is_open:
        return "wait"
    if join in (None, "all_done"):
        return "start"
    if join == "all_success":
        return "start" if len(completed) == len(outcomes) else skip
    return "start" if not failed and (completed or not outcomes) else skip


def judged(join: str | None, outcomes: tuple[str, ...]) -> tuple[str, JoinVerdict]:
    names = [f"d{number}" for number in range(len(outcomes))]
    end = make_step("end", *names, join=join)
    plan = make_plan(*(make_step(name) for name in names), end)
    state = state_of(plan, *(stand(name, how) for name, how in zip(names, outcomes, strict=True)))
    verdict = judge_join(end, state)
    if not verdict.decided:
        return "wait", verdict
    return verdict.skipped_as or "start", verdict


@pytest.mark.parametrize("join", [None, "all_success", "none_failed", "all_done", "any_success"])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_join_follows_the_table_for_every_combination_of_outcomes(join: str | None, count: int) -> None:
    for outcomes in itertools.product(sorted(ENDS), repeat=count):
        assert judged(join, outcomes)[0] == expect(join, outcomes), (join, outcomes)


def test_all_success_names_the_failed_ones_when_others_were_skipped() -> None:
    said, verdict = judged("all_success", ("completed", "condition_false", "failed"))

    assert said == "upstream_failed"
    assert verdict.because == ("d2",)


def test_skip_for_upstream_failed_counts_as_a_failure_further_down() -> None:
    assert judged("none_failed", ("upstream_failed", "completed"))[0] == "upstream_failed"


def test_any_success_without_dependencies_is_skipped_as_none_completed() -> None:
    assert judged("any_success", ())[0] == "upstream_skipped"
