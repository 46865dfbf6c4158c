"""Wherever a step or an execution can stand, a sentence says why: in both languages, code or no code."""

import pytest
from django.utils import translation

from executions.engine.state import ExecutionStatus, StepStatus
from executions.wording import execution_sentence, step_sentence
from executions.wording.executions import EXECUTION_CODES
from executions.wording.steps import STEP_CODES

LANGUAGES = ("en", "pt-br")
STEP_STATES = [
    (status, code)
    for status in StepStatus
    for code in ("", *sorted(STEP_CODES))
    # What completed needs no reason.
    if (status, code) != (StepStatus.COMPLETED, "")
]


def said_of_a_step(status: str, code: str) -> dict[str, str]:
    said = {}
    for language in LANGUAGES:
        with translation.override(language):
            said[language] = step_sentence(status=status, code=code, params={})
    return said


def said_of_an_execution(status: str, code: str, **more: bool) -> dict[str, str]:
    said = {}
    for language in LANGUAGES:
        with translation.override(language):
            said[language] = execution_sentence(status=status, code=code, params={}, **more)
    return said


@pytest.mark.parametrize("status", list(StepStatus))
def test_no_state_of_a_step_is_without_its_why(status: StepStatus) -> None:
    for _, code in (state for state in STEP_STATES if state[0] == status):
        said = said_of_a_step(status, code)

        assert all(sentence.endswith(".") for sentence in said.values()), (code, said)
        assert said["en"] != said["pt-br"], code
        assert not said["en"].startswith("The reason is"), said


@pytest.mark.parametrize("status", list(ExecutionStatus))
@pytest.mark.parametrize("is_pause_wanted", [None, True, False])
@pytest.mark.parametrize("is_asking", [True, False])
def test_no_state_of_an_execution_is_without_its_why(
    *, status: ExecutionStatus, is_pause_wanted: bool | None, is_asking: bool
) -> None:
    for code in ("", *sorted(EXECUTION_CODES)):
        more = {"is_asking": is_asking}
        if is_pause_wanted is not None:
            more["is_pause_wanted"] = is_pause_wanted
        said = said_of_an_execution(status, code, **more)

        assert all(sentence.endswith(".") for sentence in said.values()), (code, said)
        assert said["en"] != said["pt-br"], code


def test_a_pending_step_names_what_it_waits_for_and_else_says_that_it_waits() -> None:
    assert step_sentence(status="pending", code="", params={}, awaited=["a"]) == "Waits for a."
    assert step_sentence(status="pending", code="", params={}) == "Waits to be looked at."


def test_a_start_that_is_looked_for_says_the_same_with_its_code_and_without() -> None:
    bare, coded = (
        step_sentence(status="start_uncertain", code=code, params={}) for code in ("", "start_uncertain")
    )

    assert bare == coded == "Suna did not confirm the start. Renum looks whether there is a run."
