"""Every code that the engine and the orchestrator can write has a sentence, in both languages."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from executions.engine.state import AgentRunStatus, ExecutionStatus, StepStatus
from executions.wording import (
    event_words,
    execution_sentence,
    reason_sentence,
    refusal_sentence,
    status_words,
    step_sentence,
)
from executions.wording.events import EVENT_KINDS
from executions.wording.executions import EXECUTION_CODES
from executions.wording.steps import STEP_CODES
from teams.wording import condition_words, field_words, in_words, requirement_words
from teams.wording.conditions import OPERATORS_IN_WORDS
from teams.workflow.condition_parsing import OPERATORS
from teams.workflow.plan import AnyOf, Comparison, Json, Not, Path
from teams.workflow.problems import Problem
from teams.workflow.retry_parsing import ATTEMPT_CODES
from tests.unit.wording.codes_in_source import event_kinds, execution_codes, port_codes, step_codes

# Parameters as they are written, as they might be broken, and none.
PARAMS: list[dict[str, Json]] = [
    {},
    {
        "steps": ["a", "b"],
        "matched": ["a"],
        "field": "x",
        "seen": 1,
        "operator": "equals",
        "value": 2,
        "limit": 2,
        "place": 3,
        "attempt": 3,
        "message": "it %s broke %(x)s",
        "services": ["openai"],
        "pointer": "/a",
        "step": "a",
    },
    {"steps": 7, "matched": None, "else": True, "limit": "x", "services": 1, "field": None, "message": None},
    {"field": "x", "missing": True, "undecidable": True},
    {"field": "x", "seen": [1], "operator": "made_up", "value": {"a": 1}, "undecidable": True},
]


@pytest.fixture(params=["en", "pt-br"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with translation.override(request.param):
        yield request.param


def test_the_scan_finds_codes_of_every_kind() -> None:
    found = step_codes()

    assert {"condition_false", "upstream_failed", "max_parallel", "paused"} <= found
    assert {
        "timeout",
        "stopped_by_suna",
        "agent_failed",
        "suna_restarted",
        "bad_output",
        "run_vanished",
    } <= found
    assert {"execution_failed", "execution_cancelled", "internal_error", "start_uncertain"} <= found
    assert {"service_throttled", "service_unavailable"} <= found
    assert {"step_failed", "deadline", "no_output", "no_branch_taken", "internal_error"} <= execution_codes()
    assert len(port_codes()) >= 11


def test_no_code_of_a_step_is_without_words() -> None:
    assert step_codes() | set(ATTEMPT_CODES) <= STEP_CODES


def test_no_code_of_an_execution_is_without_words() -> None:
    assert execution_codes() <= EXECUTION_CODES


def test_every_kind_of_event_has_words_of_its_own_in_both_languages() -> None:
    found = event_kinds()
    english = {kind: event_words(kind) for kind in EVENT_KINDS}

    assert {"execution_queued", "step_reused", "driver_crashed", "pause_requested", "run_adopted"} <= found
    assert found - EVENT_KINDS == set()
    assert len(set(english.values())) == len(english)
    with translation.override("pt-br"):
        assert not [kind for kind, words in english.items() if event_words(kind) == words]


def test_every_operator_has_words() -> None:
    assert set(OPERATORS) == OPERATORS_IN_WORDS


@pytest.mark.parametrize("params", PARAMS)
def test_every_sentence_can_be_said_whatever_its_parameters_are(
    language: str, params: dict[str, Json]
) -> None:
    for code in STEP_CODES:
        for status in StepStatus:
            sentence = step_sentence(status=status, code=code, params=params)
            assert sentence.endswith((".", "%(x)s")), (code, sentence)
    for code in EXECUTION_CODES:
        assert execution_sentence(status="failed", code=code, params=params).endswith("."), code


def test_no_sentence_is_left_in_english_where_another_language_is_read() -> None:
    english = {code: reason_sentence(code, {}) for code in STEP_CODES}
    english |= {code: execution_sentence(status="failed", code=code, params={}) for code in EXECUTION_CODES}
    with translation.override("pt-br"):
        for code, sentence in english.items():
            there = (
                reason_sentence(code, {})
                if code in STEP_CODES
                else execution_sentence(status="failed", code=code, params={})
            )
            assert there != sentence, code


def test_every_status_has_words_of_its_own(language: str) -> None:
    for statuses in (ExecutionStatus, StepStatus, AgentRunStatus):
        words = [status_words(status) for status in statuses]
        assert all(words)
        assert not [word for word in words if "_" in word]


def test_an_unknown_code_is_named_rather_than_hidden() -> None:
    assert reason_sentence("from_tomorrow", {}) == "The reason is from_tomorrow."
    assert status_words("from_tomorrow") == "from_tomorrow"


def test_a_skipped_step_says_what_was_seen_and_what_was_asked_for() -> None:
    params: dict[str, Json] = {
        "field": "category",
        "seen": "billing",
        "operator": "equals",
        "value": "technical",
    }

    sentence = step_sentence(status="skipped", code="condition_false", params=params)

    assert sentence == "Skipped: category is “billing”, but must be “technical”."


def test_steps_are_called_what_the_reader_knows_them_by() -> None:
    names = {"a": "researcher", "b": "writer"}

    assert step_sentence(status="pending", code="", params={}, awaited=["a", "b"], names=names) == (
        "Waits for researcher and writer."
    )
    assert execution_sentence(status="failed", code="step_failed", params={"step": "a"}, names=names) == (
        "researcher failed, which ended the execution."
    )


def test_the_same_code_is_said_differently_while_it_waits_and_when_it_failed() -> None:
    waits = step_sentence(status="start_uncertain", code="start_uncertain", params={})
    failed = step_sentence(status="failed", code="start_uncertain", params={})

    assert waits != failed


def test_what_an_agent_wrote_is_never_taken_for_a_pattern() -> None:
    sentence = step_sentence(status="failed", code="agent_failed", params={"message": "100 %s %(code)s"})

    assert sentence == "The agent failed. It said: 100 %s %(code)s"


def test_the_limit_of_a_service_is_counted_in_the_readers_grammar() -> None:
    one, two = ({"limit": limit} for limit in (1, 2))

    assert reason_sentence("service_throttled", one).endswith("1 run at once.")
    assert reason_sentence("service_throttled", two).endswith("2 runs at once.")
    with translation.override("pt-br"):
        assert reason_sentence("service_throttled", two).endswith("2 execuções por vez.")


def test_conditions_are_said_with_their_nesting() -> None:
    def comparison(value: Json) -> Comparison:
        path = Path(text="category", root="initial_prompt")
        return Comparison(path=path, operator="equals", value=value)

    condition = Not(item=AnyOf(items=(comparison("a"), comparison(2))))

    assert condition_words(condition) == "not: (category must be “a” or category must be 2)"
    assert requirement_words("between", [1, 5]) == "must lie between 1 and 5"
    assert requirement_words("in", ["a", "b", "c"]) == "must be one of “a”, “b” or “c”"
    assert in_words([]) == ""


def test_a_refusal_is_said_by_its_code_and_else_in_the_actions_own_words() -> None:
    problem = Problem("/prompt", "required", "English words.")

    assert refusal_sentence(code="already_over", message="x") == "The execution has ended already."
    assert refusal_sentence(code="from_tomorrow", message="As the action says.") == "As the action says."
    assert refusal_sentence(code="x", message="y", problems=[problem]) == "Say what the team should do."


def test_a_field_is_named_by_the_step_that_a_reader_knows() -> None:
    names = {"a": "classifier", "a.b": "writer"}

    assert field_words("agent_a_result.category", names) == "category of classifier"
    assert field_words("steps.a.b.data.n", names) == "n of writer"
    assert field_words("steps.a.text", names) == "text of classifier"
    assert field_words("agent_a.b_result", names) == "the result of writer"
    assert field_words("context.note", names) == "context.note"
    with translation.override("pt-br"):
        assert field_words("agent_a_result.category", names) == "category de classifier"
