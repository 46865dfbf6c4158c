"""Which steps stand when an execution is retried: only such before which nothing runs again."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executions.engine.decisions import StartStep
from executions.engine.reuse import find_reusable
from executions.engine.state import EXECUTION_TERMINAL, ExecutionState, StepStatus
from teams.workflow.plan import Plan
from tests.unit.engine.clockwork import NOW, Clockwork, make_state, without_retry_waits
from tests.unit.engine.plans import compare, make_chain, make_plan, make_step, stand, state_of
from tests.unit.engine.random_plans import plans

CHAIN = make_chain(make_step("a"), make_step("b", "a"), make_step("c", "b"), make_step("d", "c"))
DIAMOND = make_plan(make_step("a"), make_step("b", "a"), make_step("c", "a"), make_step("d", "b", "c"))
IS_X = compare("text", "equals", "x", step="k")
ROUTED = make_plan(
    make_step("k"),
    make_step("yes", "k", conditions=(IS_X,), condition_steps=("k",)),
    make_step("no", "k", else_group=("yes",)),
    make_step("end", "yes", "no", join="any_success"),
)
CONTEXT = make_plan(
    make_step("asked", conditions=(compare("context", "exists", at="note"),)),
    make_step("otherwise", else_group=("asked",)),
)


@pytest.mark.parametrize(
    ("plan", "stands", "kept"),
    [
        (CHAIN, {"a": "completed", "b": "completed", "c": "failed", "d": "upstream_failed"}, "ab"),
        (CHAIN, {"a": "failed", "b": "completed", "c": "completed", "d": "failed"}, ""),
        (CHAIN, {"a": "completed", "b": "completed", "c": "completed", "d": "cancelled"}, "abc"),
        (CHAIN, dict.fromkeys("abcd", "completed"), "abcd"),
        (DIAMOND, {"a": "completed", "b": "completed", "c": "failed", "d": "upstream_failed"}, "ab"),
        (DIAMOND, {"a": "completed", "b": "failed", "c": "cancelled", "d": "completed"}, "a"),
        (DIAMOND, {"a": "failed", "b": "completed", "c": "completed", "d": "completed"}, ""),
    ],
)
def test_what_completed_stands_unless_something_before_it_runs_again(plan: Plan, stands, kept) -> None:
    ended = state_of(plan, *(stand(name, how) for name, how in stands.items()))

    assert find_reusable(plan, ended) == frozenset(kept)


@pytest.mark.parametrize(
    ("said", "stands", "kept"),
    [
        # The branch that was not taken would not be taken again: it keeps nobody from standing.
        ("y", {"yes": "condition_false", "no": "completed", "end": "failed"}, {"k", "no"}),
        ("x", {"yes": "completed", "no": "condition_false", "end": "failed"}, {"k", "yes"}),
        # The branch was skipped because everything ended before it: this time it will run.
        ("x", {"yes": "condition_false", "no": "completed", "end": "failed"}, {"k"}),
        ("y", {"yes": "failed", "no": "completed", "end": "completed"}, {"k"}),
    ],
)
def test_skipped_step_is_judged_anew_before_it_counts(said, stands, kept) -> None:
    ended = state_of(
        ROUTED, stand("k", "completed", text=said), *(stand(name, how) for name, how in stands.items())
    )

    assert find_reusable(ROUTED, ended) == kept


def test_skipped_step_is_judged_by_the_context_with_which_the_retry_begins() -> None:
    ended = state_of(CONTEXT, stand("asked", "condition_false"), stand("otherwise", "completed"))

    assert find_reusable(CONTEXT, ended) == {"otherwise"}
    assert find_reusable(CONTEXT, replace(ended, context={"note": "written since"})) == set()


ATTEMPTS = st.fixed_dictionaries({"text": st.sampled_from(["x", "y", '{"a": 1}'])}) | st.fixed_dictionaries(
    {"fail": st.sampled_from(["agent_failed", "denied"])}
)


def run(plan: Plan, state: ExecutionState, scripts) -> tuple[ExecutionState, set[str]]:
    started: set[str] = set()

    def watch(before, after, decision) -> None:
        if isinstance(decision, StartStep):
            started.add(decision.step_id)

    return Clockwork(plan=plan, state=state, scripts=scripts, observe=watch).run().state, started


def ancestors(plan: Plan, step_id: str) -> set[str]:
    found: set[str] = set()
    todo = [step_id]
    while todo:
        step = plan.step(todo.pop())
        before = {*step.depends, *step.condition_steps, *(step.else_group or ())} - found
        found |= before
        todo += before
    return found


@settings(max_examples=100, deadline=None)
@given(plan=plans(), data=st.data(), cut_after=st.none() | st.integers(1, 4))
def test_nothing_that_stands_runs_again_nor_anything_before_it(plan, data, cut_after) -> None:
    plan = without_retry_waits(plan)
    scripts = {step.id: data.draw(st.lists(ATTEMPTS, min_size=1, max_size=2)) for step in plan.steps}
    changes = {} if cut_after is None else {"deadline_at": NOW + dt.timedelta(milliseconds=cut_after)}
    ended, _ = run(plan, make_state(plan, **changes), scripts)

    kept = find_reusable(plan, ended)
    fresh = make_state(plan)
    steps = {**fresh.steps, **{name: replace(ended.steps[name], attempts=0) for name in kept}}
    again, started = run(plan, replace(fresh, steps=steps), {})

    before = {name for kept_one in kept for name in ancestors(plan, kept_one)}
    assert not started & (kept | before)
    assert all(again.steps[name].status is StepStatus.COMPLETED for name in kept)
    assert {again.steps[name].status for name in before} <= {StepStatus.COMPLETED, StepStatus.SKIPPED}
    assert again.status in EXECUTION_TERMINAL
