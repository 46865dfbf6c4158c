"""What can be said before a run: waves, what the prompt alone decides, and prompts as they will be sent."""

import datetime as dt
from dataclasses import replace
from typing import Any

from executions.engine.foresight import PromptPart, foresee, list_waves
from executions.engine.state import ExecutionState, StepState, StepStatus
from executions.engine.step_input import build_prompt
from teams.workflow.parsing import read_definition
from teams.workflow.plan import Plan


def plan_of(*agents: dict[str, Any], **members: Any) -> Plan:
    checked = read_definition({"type": "graph", "agents": list(agents), **members})
    assert checked.plan is not None, checked.problems
    return checked.plan


def result_of(step: str) -> dict[str, Any]:
    return {"source": "agent_result", "step": step}


BRANCHES = (
    {"agent_id": "a", "role": "classifier"},
    {"agent_id": "b", "conditions": [{"field": "steps.a.data.kind", "operator": "equals", "value": "x"}]},
    {"agent_id": "c", "conditions": "else"},
    {"agent_id": "d", "depends_on": ["b", "c"]},
)


def test_a_step_is_in_the_wave_after_all_that_it_waits_for_its_group_too() -> None:
    assert list_waves(plan_of(*BRANCHES)) == {"a": 1, "b": 2, "c": 3, "d": 4}


def test_a_step_may_wait_for_one_that_stands_after_it() -> None:
    plan = plan_of({"agent_id": "late", "depends_on": ["early"]}, {"agent_id": "early"})

    assert list_waves(plan) == {"late": 2, "early": 1}


def test_what_the_prompt_alone_decides_is_certain() -> None:
    asks = {"field": "initial_prompt", "operator": "contains", "value": "bicycle"}
    plan = plan_of(
        {"agent_id": "a", "conditions": [asks]},
        {"agent_id": "b", "conditions": "else"},
        {"agent_id": "c", "depends_on": ["a"], "join": "all_done"},
        {"agent_id": "d"},
        limits={"max_parallel": 1},
    )

    found = {one.step: one for one in foresee(plan, "What of a Bicycle?")}
    other = {one.step: one for one in foresee(plan, "What of a car?")}

    assert {name: one.fate for name, one in found.items()} == {
        "a": "starts",
        "b": "skipped",
        "c": "depends",
        "d": "starts",
    }
    assert found["b"].reason is not None
    assert (found["b"].reason.code, found["b"].parts) == ("condition_false", ())
    assert {name: one.fate for name, one in other.items()} == {
        "a": "skipped",
        "b": "starts",
        "c": "starts",
        "d": "starts",
    }
    # Its only source is certain not to come: the prompt that says so is known to the last byte.
    [part] = other["c"].parts
    assert "(skipped: condition_false)" in str(part.text)
    assert other["c"].is_exact


def test_the_places_of_results_are_marked_and_the_rest_is_what_will_be_sent() -> None:
    plan = plan_of(
        {"agent_id": "a", "role": "researcher"},
        {"agent_id": "b", "instructions": "Be brief.", "role": "writer", "input": result_of("a")},
    )

    first, second = foresee(plan, "Go.")

    state = ExecutionState(
        initial_prompt="Go.",
        steps={"a": StepState(step_id="a"), "b": StepState(step_id="b")},
        deadline_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )
    assert first.is_exact
    assert first.parts == (PromptPart(text=build_prompt(plan, state, "a").prompt),)
    before, result, after = second.parts
    assert result == PromptPart(result_of="a")
    assert not second.is_exact
    done = replace(StepState(step_id="a"), status=StepStatus.COMPLETED, text="Much.")
    sent = build_prompt(plan, replace(state, steps={**state.steps, "a": done}), "b").prompt
    # The tag follows from all texts, also from the result that is not there yet.
    tag_now, tag_then = _tag(str(after.text)), _tag(sent)
    assert f"{before.text}Much.{after.text}".replace(tag_now, tag_then) == sent
    assert second.known_bytes == len(f"{before.text}{after.text}".encode())


def test_a_prompt_that_looks_like_a_mark_is_a_text() -> None:
    plan = plan_of({"agent_id": "a"}, {"agent_id": "b", "input": result_of("a")})
    known = foresee(plan, "Go.")

    [only] = foresee(plan, "<<0123456789ab:0>> <<:1>>")[0].parts

    assert only == PromptPart(text="<<0123456789ab:0>> <<:1>>")
    assert [part.result_of for part in known[1].parts if part.result_of] == ["a"]


def test_a_chain_takes_the_nearest_result() -> None:
    plan = plan_of({"agent_id": "a"}, {"agent_id": "b"}, {"agent_id": "c"}, type="sequential")

    seen = foresee(plan, "Go.")

    assert [[part.result_of for part in one.parts if part.result_of] for one in seen] == [[], ["a"], ["b"]]
    assert seen[0].parts == (PromptPart(text="Go."),)


def test_a_prompt_beyond_the_limit_is_cut_as_it_will_be() -> None:
    plan = plan_of({"agent_id": "a", "role": "reader"})

    [seen] = foresee(plan, "x" * 262_144)

    assert [cut.block for cut in seen.cuts] == [1]
    assert seen.known_bytes <= 262_144


def _tag(text: str) -> str:
    return text.rstrip().removesuffix(">>>>").rpartition("| ")[2]
