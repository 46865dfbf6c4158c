"""The table of section 8: every combination that decides an execution's status, and the answer."""

from typing import Any

import pytest

from executions.engine.context import context_of
from executions.engine.outcome import build_answer, final_status
from executions.engine.state import ExecutionStatus
from teams.workflow.plan import Output, Path
from tests.unit.engine.plans import make_chain, make_plan, make_step, stand, state_of

PLAN = make_plan(make_step("k"), make_step("a", "k"), make_step("b", "k"))


@pytest.mark.parametrize(
    ("k", "a", "b", "changes", "expected"),
    [
        ("completed", "completed", "completed", {}, ("completed", None)),
        ("completed", "completed", "condition_false", {}, ("completed", None)),
        ("completed", "condition_false", "condition_false", {}, ("completed", "no_branch_taken")),
        ("completed", "completed", "failed", {}, ("partial", None)),
        ("completed", "failed", "condition_false", {}, ("failed", "no_output")),
        ("failed", "upstream_failed", "upstream_failed", {}, ("failed", "no_output")),
        ("completed", "completed", "completed", {"cancel_requested": True}, ("cancelled", None)),
        (
            "failed",
            "upstream_failed",
            "completed",
            {"cancel_requested": True, "ended_by": "step_failed"},
            ("cancelled", None),
        ),
        ("failed", "completed", "completed", {"ended_by": "step_failed"}, ("failed", "step_failed")),
        ("completed", "completed", "cancelled", {"ended_by": "deadline"}, ("failed", "deadline")),
        (
            "completed",
            "completed",
            "cancelled",
            {"ended_by": "budget_exceeded"},
            ("failed", "budget_exceeded"),
        ),
    ],
)
def test_status_is_the_first_row_that_holds(
    k: str, a: str, b: str, changes: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    state = state_of(PLAN, stand("k", k), stand("a", a), stand("b", b), **changes)

    status, code = final_status(PLAN, state)

    assert (status.value, code) == expected


def test_an_undecidable_condition_fails_an_execution_without_output() -> None:
    unsure = stand("a", "condition_false", undecidable=True)

    nothing = state_of(PLAN, stand("k", "completed"), unsure, stand("b", "condition_false"))
    something = state_of(PLAN, stand("k", "completed"), unsure, stand("b", "completed"))
    broken = state_of(PLAN, stand("k", "failed"), unsure, stand("b", "condition_false"))

    assert final_status(PLAN, nothing) == (ExecutionStatus.FAILED, "condition_undecidable")
    assert final_status(PLAN, something) == (ExecutionStatus.COMPLETED, None)
    assert final_status(PLAN, broken) == (ExecutionStatus.FAILED, "no_output")


class TestAnswer:
    def test_a_graph_answers_with_its_completed_output_steps_in_document_order(self) -> None:
        plan = make_plan(make_step("b", role="writer"), make_step("a"), make_step("c"))
        state = state_of(
            plan, stand("a", "completed", data=[1]), stand("b", "completed"), stand("c", "failed")
        )

        answer = build_answer(plan, state)

        assert answer.value == {
            "b": {"text": "text of b", "data": None},
            "a": {"text": "text of a", "data": [1]},
        }
        assert list(answer.value) == ["b", "a"]
        assert answer.text == "writer:\ntext of b\n\na:\ntext of a"

    def test_a_graph_without_completed_output_answers_with_an_empty_object(self) -> None:
        assert build_answer(PLAN, state_of(PLAN, stand("k", "completed"))).value == {}

    def test_a_chain_answers_with_its_last_completed_step(self) -> None:
        plan = make_chain(make_step("a"), make_step("b", "a"), make_step("c", "b"))
        state = state_of(plan, stand("a", "completed"), stand("b", "completed"), stand("c", "failed"))

        answer = build_answer(plan, state)

        assert (answer.value, answer.text) == ({"text": "text of b", "data": None}, "text of b")

    def test_a_chain_without_a_completed_step_answers_with_null(self) -> None:
        plan = make_chain(make_step("a"))

        assert build_answer(plan, state_of(plan, stand("a", "failed"))).value is None

    def test_data_is_written_as_json_when_the_agent_said_nothing(self) -> None:
        plan = make_chain(make_step("a"))

        assert (
            build_answer(plan, state_of(plan, stand("a", "completed", text=None, data={"ü": 1}))).text
            == '{"ü": 1}'
        )

    def test_outputs_are_resolved_and_missing_ones_are_null_and_noted(self) -> None:
        paths = {
            "n": Path(text="steps.k.data.n", root="data", step="k", segments=("n",)),
            "gone": Path(text="steps.k.data.gone", root="data", step="k", segments=("gone",)),
            "skipped": Path(text="steps.a.text", root="text", step="a"),
            "null": Path(text="steps.k.data.null", root="data", step="k", segments=("null",)),
            "said": Path(text="steps.b.text", root="text", step="b"),
        }
        plan = make_plan(
            *PLAN.steps, output=tuple(Output(name=name, path=path) for name, path in paths.items())
        )
        state = state_of(
            plan,
            stand("k", "completed", data={"n": 7, "null": None}),
            stand("a", "condition_false"),
            stand("b", "completed"),
        )

        answer = build_answer(plan, state)

        assert answer.value == {"n": 7, "gone": None, "skipped": None, "null": None, "said": "text of b"}
        assert answer.missing == ("gone", "skipped")
        assert answer.text == "n:\n7\n\nsaid:\ntext of b"

    def test_a_single_output_is_its_own_text(self) -> None:
        output = (Output(name="said", path=Path(text="steps.b.text", root="text", step="b")),)
        plan = make_plan(*PLAN.steps, output=output)

        assert build_answer(plan, state_of(plan, stand("b", "completed"))).text == "text of b"


def test_the_context_holds_objects_as_data_and_everything_else_as_text() -> None:
    state = state_of(
        PLAN,
        stand("k", "completed", data={"n": 1}),
        stand("a", "completed", data=[1]),
        stand("b", "failed", text="kept"),
        context={"lang": "pt", "agent_a_result": "forged"},
    )

    assert context_of(PLAN, state) == {
        "lang": "pt",
        "agent_k_result": {"n": 1},
        "agent_a_result": "text of a",
    }
