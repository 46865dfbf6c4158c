"""Questions through the API: who sees which, what an answer does, and what is refused."""

import pytest

from executions.models import Question
from tests.fixtures.site_rows import HOSTILE, ask, set_execution, start
from tests.functional.api.conftest import API, assert_problem

QUESTIONS = f"{API}/questions"


@pytest.fixture
def question(execution) -> Question:
    return ask(execution)


def give(client, question: Question, answer: object = "Lisbon."):
    return client.post(f"{QUESTIONS}/{question.pk}/answer", {"answer": answer}, format="json")


def test_the_inbox_lists_open_questions_of_teams_where_one_may_answer(
    as_person, question, owner, operator, viewer, outsider, team
) -> None:
    closed = ask(
        start(team),
        state="answered",
        answer="Yes.",
        closed_at=question.asked_at,
        answered_by=owner,
        heard=True,
    )
    for person in (owner, operator):
        [shown] = as_person(person).get(QUESTIONS).json()["results"]
        assert (shown["id"], shown["can"], shown["team"]["name"]) == (str(question.pk), ["answer"], team.name)
        assert (shown["text"], shown["options"]) == ("Which city?", ["Lisbon", "Porto"])
    for person in (viewer, outsider):
        assert as_person(person).get(QUESTIONS).json()["results"] == []
    api = as_person(owner)
    [answered] = api.get(f"{QUESTIONS}?status=answered").json()["results"]
    assert (answered["id"], answered["can"], answered["answered_by"]["username"]) == (
        str(closed.pk),
        [],
        owner.username,
    )
    assert api.get(f"{QUESTIONS}?team={closed.pk}").json()["results"] == []
    assert_problem(api.get(f"{QUESTIONS}?status=lost"), 400, "invalid_parameter")


def test_an_answer_is_written_with_its_event_and_ends_the_rest_of_its_execution(
    as_person, question, execution, operator
) -> None:
    shown = give(as_person(operator), question).json()

    assert (shown["status"], shown["answer"], shown["can"]) == ("answered", "Lisbon.", [])
    assert shown["answered_by"]["username"] == operator.username
    execution.refresh_from_db()
    event = execution.events.get(kind="question_answered")
    assert (event.actor, event.data) == (f"user:{operator.pk}", {"question": str(question.pk)})
    assert (execution.at_rest, execution.event_seq) == (False, event.seq)
    # A driver has not heard of it yet: only it moves the step.
    assert execution.steps.get(pk=question.step_id).status == "waiting_input"


def test_a_second_answer_is_told_who_was_first_and_when(as_person, question, owner, operator) -> None:
    give(as_person(operator), question)

    body = assert_problem(give(as_person(owner), question, "Porto."), 409, "question_closed")

    assert operator.username in body["detail"]
    [error] = body["errors"]
    assert (error["params"]["state"], error["params"]["answered_by"]) == ("answered", operator.username)
    assert error["params"]["closed_at"]
    assert Question.objects.get().answer == "Lisbon."


def test_what_is_over_or_being_cancelled_takes_no_answer(api, question, execution) -> None:
    set_execution(execution, cancel_requested_at=question.asked_at)

    assert_problem(give(api, question), 409, "question_closed")
    assert Question.objects.get().state == "open"


@pytest.mark.parametrize(
    ("answer", "code"),
    [("", "required"), (" \n", "required"), ("x" * 65_537, "too_large"), (7, None)],
)
def test_an_answer_that_no_agent_can_be_given_is_refused(api, question, answer, code) -> None:
    body = assert_problem(give(api, question, answer), 400, "validation_error")

    assert body["errors"][0]["pointer"] == "/answer"
    assert code in (None, body["errors"][0]["code"])
    assert Question.objects.get().state == "open"


def test_an_execution_and_its_step_show_the_open_question_to_all_who_see_them(
    as_person, question, execution, viewer
) -> None:
    Question.objects.update(text=HOSTILE)
    client = as_person(viewer)

    body = client.get(f"{API}/executions/{execution.pk}").json()
    first, second = body["steps"][:2]
    step = client.get(first["links"]["self"]).json()

    assert (first["question"]["text"], first["question"]["can"]) == (HOSTILE, [])
    assert second["question"] is None
    assert step["question"]["id"] == str(question.pk)
    assert [one["id"] for one in step["questions"]] == [str(question.pk)]
    assert first["message"] == "The agent waits for an answer from a person."


def test_a_page_of_many_questions_takes_no_more_queries(
    api, team, execution, django_assert_max_num_queries
) -> None:
    for _ in range(4):
        ask(start(team))
    with django_assert_max_num_queries(6):
        assert len(api.get(f"{QUESTIONS}?limit=3").json()["results"]) == 3
