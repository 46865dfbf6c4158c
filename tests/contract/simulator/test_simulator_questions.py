"""An agent that asks: the next message on its thread makes a run that answers, and shows what it was told."""

import json
from typing import Any

import pytest

from tests.contract.simulator.simulator_server import Simulated


def answer(simulated: Simulated, thread_id: str, text: str) -> str:
    message = {"type": "user", "content": text, "is_llm_message": True}
    simulated.client.post(f"/api/threads/{thread_id}/messages", json=message).raise_for_status()
    run_id: str = simulated.start(thread_id).raise_for_status().json()["agent_run_id"]
    return run_id


def said(simulated: Simulated, thread_id: str) -> list[str]:
    return [row["content"]["content"] for row in simulated.messages(thread_id, "assistant")]


def test_run_after_a_question_shows_the_answer_and_goes_on_with_the_first_request(b2: Simulated) -> None:
    directive = {"ask": "Which city?"}
    thread_id, run_id = b2.run(
        f"Your role: researcher\nPlan a journey to Lisbon. @@sim{json.dumps(directive)}"
    )
    assert b2.status(run_id)["status"] == "completed"

    second = answer(b2, thread_id, "Porto, please")

    assert b2.status(second)["status"] == "completed"
    first_text, second_text = said(b2, thread_id)
    assert '<invoke name="ask">' in first_text
    assert second_text.startswith("You answered: Porto, please\n")
    assert "Lisbon" in second_text
    assert "[simulated by researcher]" in second_text


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ({"text": "Booked in {answer}."}, "Booked in Porto."),
        ({"complete": "Booked in {answer}."}, '<parameter name="text">Booked in Porto.</parameter>'),
    ],
)
def test_directive_says_what_the_run_after_the_answer_does(
    b2: Simulated, then: dict[str, Any], expected: str
) -> None:
    thread_id, _ = b2.run("Plan. @@sim" + json.dumps({"ask": "Which city?", "then": then}))

    answer(b2, thread_id, "Porto")

    assert expected in said(b2, thread_id)[-1]


def test_agent_may_ask_twice(b2: Simulated) -> None:
    last = {"text": "On {answer}."}
    script = {"ask": "Which city?", "then": {"ask": "When in {answer}?", "then": last}}
    thread_id, _ = b2.run("Plan. @@sim" + json.dumps(script))

    answer(b2, thread_id, "Porto")
    answer(b2, thread_id, "Monday")

    asked, asked_again, told = said(b2, thread_id)
    assert "Which city?" in asked
    assert "When in Porto?" in asked_again
    assert told == "On Monday."


def test_directive_of_the_answer_itself_comes_first(b2: Simulated) -> None:
    thread_id, _ = b2.run("Plan. @@sim" + json.dumps({"ask": "Which city?", "then": {"text": "no"}}))

    run_id = answer(b2, thread_id, '@@sim{"fail": "scripted failure"}')

    assert b2.status(run_id)["status"] == "failed"


def test_follow_up_that_cannot_be_read_fails_the_run_and_says_why(b2: Simulated) -> None:
    thread_id, _ = b2.run("Plan. @@sim" + json.dumps({"ask": "Which city?", "then": {"nonsense": 1}}))

    run_id = answer(b2, thread_id, "Porto")

    assert "bad directive" in b2.status(run_id)["error"]


def test_message_after_a_plain_answer_answers_no_question(b2: Simulated) -> None:
    thread_id, _ = b2.run("Plan a journey.")

    answer(b2, thread_id, "And now a holiday.")

    assert "You answered" not in said(b2, thread_id)[-1]
