"""`on_question`: what it may say, what it means where it is silent, and everything that is refused."""

from typing import Any

import pytest

from teams.workflow.parsing import read_definition
from teams.workflow.plan import DECIDE_FOR_YOURSELF, QuestionPolicy, plan_from_json, plan_to_json


def document(given: Any = None, **defaults: Any) -> dict[str, Any]:
    step = {"agent_id": "a"} if given is None else {"agent_id": "a", "on_question": given}
    return {"type": "sequential", "agents": [step], "defaults": defaults}


def policy_of(given: Any = None, **defaults: Any) -> QuestionPolicy:
    checked = read_definition(document(given, **defaults))
    assert checked.problems == ()
    assert checked.plan is not None
    return checked.plan.steps[0].on_question


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, QuestionPolicy(policy="human", timeout_s=86400, on_timeout="fail")),
        ("human", QuestionPolicy()),
        ("fail", QuestionPolicy(policy="fail")),
        ({"policy": "human", "timeout": "2h"}, QuestionPolicy(timeout_s=7200)),
        (
            {"policy": "human", "on_timeout": "auto_answer"},
            QuestionPolicy(on_timeout="auto_answer", answer=DECIDE_FOR_YOURSELF),
        ),
        (
            {"policy": "auto_answer"},
            QuestionPolicy(policy="auto_answer", max_answers=3, answer=DECIDE_FOR_YOURSELF),
        ),
        (
            {"policy": "auto_answer", "answer": "Porto.", "max_answers": 10, "x-why": "it rains"},
            QuestionPolicy(policy="auto_answer", answer="Porto.", max_answers=10),
        ),
    ],
)
def test_a_policy_means_what_it_says(given: Any, meant: QuestionPolicy) -> None:
    assert policy_of(given) == meant


def test_a_steps_own_policy_replaces_the_default_as_a_whole() -> None:
    default = {"policy": "auto_answer", "answer": "Porto.", "max_answers": 7}

    assert policy_of(on_question=default).max_answers == 7
    assert policy_of({"policy": "auto_answer"}, on_question=default).answer == DECIDE_FOR_YOURSELF


def test_a_plan_from_before_there_were_policies_asks_a_person() -> None:
    plan = read_definition(document()).plan
    assert plan is not None
    stored = plan_to_json(plan)
    del stored["steps"][0]["on_question"]

    assert plan_from_json(stored).steps[0].on_question == QuestionPolicy()


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ("ask", [("", "invalid_value")]),
        ("auto_answer", [("", "invalid_value")]),
        (7, [("", "wrong_type")]),
        ({}, [("/policy", "required")]),
        ({"policy": "nobody"}, [("/policy", "invalid_value")]),
        ({"policy": "human", "patience": 1}, [("/patience", "unknown_field")]),
        ({"policy": "human", "timeout": "25h"}, [("/timeout", "out_of_range")]),
        ({"policy": "human", "max_answers": 1}, [("/max_answers", "unexpected_key")]),
        ({"policy": "human", "answer": "Porto."}, [("/answer", "unexpected_key")]),
        ({"policy": "human", "on_timeout": "fail", "answer": "Porto."}, [("/answer", "unexpected_key")]),
        ({"policy": "auto_answer", "timeout": 5}, [("/timeout", "unexpected_key")]),
        ({"policy": "auto_answer", "answer": ""}, [("/answer", "empty")]),
        ({"policy": "fail", "answer": "Porto."}, [("/answer", "unexpected_key")]),
        (
            {"policy": "auto_answer", "answer": 3, "max_answers": 11},
            [("/answer", "wrong_type"), ("/max_answers", "out_of_range")],
        ),
    ],
)
def test_everything_that_is_wrong_is_said_at_once_and_at_its_place(
    given: Any, problems: list[tuple[str, str]]
) -> None:
    for where, doc in (
        ("/agents/0/on_question", document(given)),
        ("/defaults/on_question", document(on_question=given)),
    ):
        found = [(problem.pointer, problem.code) for problem in read_definition(doc).problems]

        assert found == [(where + place, code) for place, code in problems]
