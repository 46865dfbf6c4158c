"""What holds for every plan, every agent and every moment at which people interfere."""

import datetime as dt
import json
from dataclasses import asdict, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from executions.engine import transitions
from executions.engine.decide import decide
from executions.engine.decisions import Decision, FinishExecution, StartStep
from executions.engine.judging import list_awaited
from executions.engine.state import (
    EXECUTION_TERMINAL,
    STEP_ACTIVE,
    ExecutionState,
    Reason,
    StepStatus,
)
from executions.engine.step_input import MAX_PROMPT_BYTES, build_prompt
from teams.workflow.plan import Plan, plan_from_json, plan_to_json
from tests.unit.engine.clockwork import NOW, Clockwork, make_state, without_retry_waits
from tests.unit.engine.random_plans import CODES, TEXTS, plans

ATTEMPTS = st.builds(
    lambda body, takes: {**body, "takes": takes},
    st.builds(lambda text: {"text": text}, TEXTS) | st.builds(lambda code: {"fail": code}, CODES),
    st.integers(1, 3),
)
SCRIPTS = st.dictionaries(
    st.sampled_from([f"s{number}" for number in range(8)]), st.lists(ATTEMPTS, min_size=1, max_size=3)
)


def check_start(plan: Plan, before: ExecutionState, decision: StartStep) -> None:
    """A step starts once its join is decided and all that its conditions name is final."""
    step = plan.step(decision.step_id)
    final = {name for name in step.depends if before.steps[name].is_final}
    completed = {name for name in step.depends if before.steps[name].status is StepStatus.COMPLETED}
    assert set(step.condition_steps) <= final
    assert final == set(step.depends) or (step.join == "any_success" and completed)
    if step.join == "all_success":
        assert completed == set(step.depends)
    if step.join in ("none_failed", "any_success") and step.depends:
        assert completed
    for name in step.else_group or ():
        assert before.steps[name].status is StepStatus.SKIPPED
    assert before.ended_by is None
    assert not before.paused
    assert not before.cancel_requested
    prompt = build_prompt(plan, before, step.id).prompt
    assert len(prompt.encode("utf-8")) <= MAX_PROMPT_BYTES


def check_change(
    plan: Plan, before: ExecutionState, after: ExecutionState, decision: Decision | None
) -> None:
    assert before.status not in EXECUTION_TERMINAL
    for step in plan.steps:
        was, stands = before.steps[step.id], after.steps[step.id]
        if was.is_final:
            assert stands == was
        assert stands.attempts - stands.abandoned <= step.retry.max_attempts
        assert stands.attempts >= was.attempts
        waits_after_starts = stands.status is StepStatus.READY and stands.abandoned > 1
        if not waits_after_starts:
            assert (stands.retry_at is not None) == (stands.status is StepStatus.RETRYING)
        if stands.status not in {*STEP_ACTIVE, StepStatus.PENDING, StepStatus.COMPLETED}:
            assert stands.reason is not None
            assert stands.reason.code
    if plan.max_parallel is not None:
        assert sum(step.status in STEP_ACTIVE for step in after.steps.values()) <= plan.max_parallel
    if isinstance(decision, StartStep):
        check_start(plan, before, decision)
    if decision is not None:
        json.dumps(asdict(decision), allow_nan=False)


def check_settled(plan: Plan, state: ExecutionState, now: dt.datetime) -> None:
    """Nothing is forgotten: whoever is not final runs, waits for a reason, or waits for somebody."""
    assert decide(plan, state, now) == ()
    if state.status in EXECUTION_TERMINAL:
        return
    active = sum(step.status in STEP_ACTIVE for step in state.steps.values())
    is_full = plan.max_parallel is not None and active >= plan.max_parallel
    for step in plan.steps:
        stands = state.steps[step.id]
        if stands.status is StepStatus.READY:
            assert state.paused or is_full or (stands.retry_at is not None and stands.retry_at > now)
        if stands.status is StepStatus.RETRYING:
            assert stands.retry_at is not None
            assert stands.retry_at > now
        if stands.status is StepStatus.PENDING:
            assert list_awaited(state, step)
    assert any(not step.is_final for step in state.steps.values())


@settings(max_examples=200, deadline=None)
@given(plans(), SCRIPTS)
def test_every_execution_ends_and_every_step_says_how(
    plan: Plan, scripts: dict[str, list[dict[str, object]]]
) -> None:
    plan = without_retry_waits(plan)

    world = Clockwork(plan, make_state(plan), scripts)
    world.observe = lambda before, after, decision: check_change(plan, before, after, decision)
    world.run()

    assert world.finish is not None
    assert all(step.is_final for step in world.state.steps.values())
    started = [name for wave in world.starts for name in wave]
    for step_id, step in world.state.steps.items():
        assert started.count(step_id) == step.attempts
        assert (step.status is StepStatus.COMPLETED) == (step.reason is None)
    order = [step.id for step in plan.steps]
    assert all(wave == sorted(wave, key=order.index) for wave in world.starts)


@settings(max_examples=100, deadline=None)
@given(plans(), SCRIPTS)
def test_the_same_execution_happens_twice_and_from_a_stored_plan(
    plan: Plan, scripts: dict[str, list[dict[str, object]]]
) -> None:
    plan = without_retry_waits(plan)
    stored = plan_from_json(json.loads(json.dumps(plan_to_json(plan))))

    first = Clockwork(plan, make_state(plan), scripts).run()
    second = Clockwork(stored, make_state(stored), scripts).run()

    assert (first.starts, first.finish, first.state) == (second.starts, second.finish, second.state)


class Meddling:
    """One execution in which anything may happen next, as the orchestrator and people can make it."""

    def __init__(self, plan: Plan, data: st.DataObject) -> None:
        self.plan = plan
        self.data = data
        self.now = NOW
        self.state = make_state(plan, deadline_at=NOW + dt.timedelta(minutes=30))
        self.finish: FinishExecution | None = None

    def change(self, after: ExecutionState, decision: Decision | None = None) -> None:
        check_change(self.plan, self.state, after, decision)
        self.state = after

    def settle(self) -> None:
        decisions = decide(self.plan, self.state, self.now)
        assert decide(self.plan, self.state, self.now) == decisions
        for decision in decisions:
            after = transitions.apply_decision(self.plan, self.state, decision, now=self.now)
            self.change(after, decision)
            if isinstance(decision, FinishExecution):
                self.finish = decision
        check_settled(self.plan, self.state, self.now)

    def meddle(self) -> None:
        active = sorted(name for name, step in self.state.steps.items() if step.status in STEP_ACTIVE)
        acts = ["pause", "wait", "write"] + ["attempt"] * 6 * bool(active)
        act = self.data.draw(
            st.sampled_from([*acts, "cancel", "budget"] if self.data.draw(st.integers(0, 9)) == 9 else acts)
        )
        if act == "attempt":
            self.attempt(self.data.draw(st.sampled_from(active)))
        elif act == "pause":
            self.state = replace(self.state, paused=not self.state.paused)
        elif act == "wait":
            self.now += dt.timedelta(seconds=self.data.draw(st.sampled_from([1, 5, 60, 900])))
        elif act == "write":
            self.state = replace(self.state, context={"a": self.data.draw(TEXTS)})
        elif act == "cancel":
            self.state = replace(self.state, cancel_requested=True)
        elif self.state.ended_by is None:
            self.state = replace(self.state, ended_by="budget_exceeded")

    def attempt(self, step_id: str) -> None:
        status = self.state.steps[step_id].status
        acts = ["complete", "fail"]
        if status in (StepStatus.STARTING, StepStatus.START_UNCERTAIN):
            acts += ["abandon", "uncertain", "run"]
        match self.data.draw(st.sampled_from(acts)):
            case "complete":
                text = self.data.draw(TEXTS)
                self.change(
                    transitions.complete_attempt(
                        self.plan, self.state, step_id, text=text, now=self.now
                    ).state
                )
            case "fail":
                code = self.data.draw(CODES)
                self.change(
                    transitions.fail_attempt(self.plan, self.state, step_id, code=code, now=self.now).state
                )
            case "abandon":
                self.change(transitions.abandon_start(self.state, step_id, now=self.now))
            case "uncertain":
                why = Reason(code="unavailable")
                self.change(transitions.mark(self.state, step_id, StepStatus.START_UNCERTAIN, why))
            case "run":
                self.change(transitions.mark(self.state, step_id, StepStatus.RUNNING))


@settings(max_examples=200, deadline=None)
@given(plans(), st.data())
def test_nothing_illegal_happens_and_all_ends_however_people_and_agents_meddle(
    plan: Plan, data: st.DataObject
) -> None:
    run = Meddling(plan, data)

    run.settle()
    for _ in range(data.draw(st.integers(0, 25))):
        if run.state.status in EXECUTION_TERMINAL:
            break
        run.meddle()
        run.settle()
    if run.state.status not in EXECUTION_TERMINAL:
        run.now = run.state.deadline_at
        run.settle()

    assert run.state.status in EXECUTION_TERMINAL
    assert run.finish is not None
    for step in run.state.steps.values():
        assert step.is_final
        assert (step.status is StepStatus.COMPLETED) == (step.reason is None)
    if run.state.cancel_requested:
        assert run.finish.status.value == "cancelled"
