"""The inbox and the question beside its step: what is shown to whom, and what an answer does."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from executions.models import Execution, Question
from executions.pages.inbox import PAGE_SIZE
from teams.models import Team, User
from tests.fixtures.site_rows import HOSTILE, ask, start

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]


def body_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_an_empty_inbox_says_so_and_the_navigation_counts_what_waits(
    sign_in: SignIn, owner: User, viewer: User, execution: Execution
) -> None:
    client = sign_in(owner)
    assert "Nobody waits for you." in body_of(client, "/inbox/")
    ask(execution)

    page = body_of(client, "/inbox/")

    assert "Which city?" in page
    assert '<span class="badge waiting_input">1<' in body_of(client, "/teams/")
    assert "Nobody waits for you." in body_of(sign_in(viewer), "/inbox/")
    assert "badge waiting_input" not in body_of(sign_in(viewer), "/teams/")


def test_what_is_over_is_listed_by_how_it_ended_with_what_the_agent_was_told(
    sign_in: SignIn, owner: User, operator: User, viewer: User, team: Team
) -> None:
    over = {"closed_at": Now(), "heard": True}
    by_person = {"state": "answered", "answer": "Lisbon & Porto", "answered_by": operator}
    ask(start(team), text="By whom?", **by_person, **over)
    ask(
        start(team), text="By itself?", state="answered", answer='{"city": "Faro"}', is_automatic=True, **over
    )
    ask(start(team), text="Too late?", state="expired", **over)
    ask(start(team), text="Not wanted?", state="withdrawn", **over)
    ours, theirs = sign_in(owner), sign_in(viewer)

    answered = body_of(ours, "/inbox/?state=answered")

    assert "Lisbon &amp; Porto" in answered
    assert f"{operator.username} answered:" in answered
    assert "The step answered by itself:" in answered
    for state, text in (("answered", "By whom?"), ("expired", "Too late?"), ("withdrawn", "Not wanted?")):
        page = body_of(ours, f"/inbox/?state={state}")
        assert text in page
        assert page.count(f'data-closed="{state}"') == page.count("data-closed")
        assert 'name="answer"' not in page
        assert text not in body_of(ours, "/inbox/")
        assert text not in body_of(theirs, f"/inbox/?state={state}")
    assert ours.get("/inbox/?state=lost").status_code == 404


def test_a_long_list_of_answered_questions_is_read_page_by_page(
    sign_in: SignIn, owner: User, team: Team
) -> None:
    for number in range(PAGE_SIZE + 1):
        over = {"closed_at": Now(), "heard": True, "answered_by": owner}
        ask(start(team), text=f"Question {number}?", state="answered", answer="Yes.", **over)
    client = sign_in(owner)

    with CaptureQueriesContext(connection) as queries:
        first = body_of(client, "/inbox/?state=answered")
    second = body_of(client, "/inbox/?state=answered&page=2")

    assert len(queries) <= 8
    assert first.count("data-closed") == PAGE_SIZE
    assert 'href="?state=answered&amp;page=2"' in first
    assert "Question 0?" not in first
    assert second.count("data-closed") == 1
    assert "Question 0?" in second


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("answered", "Nothing was answered yet."),
        ("expired", "No question ran out of time."),
        ("withdrawn", "No question was withdrawn."),
    ],
)
def test_an_empty_list_says_what_will_stand_there(
    sign_in: SignIn, owner: User, state: str, words: str
) -> None:
    assert words in body_of(sign_in(owner), f"/inbox/?state={state}")


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ({"option": "Porto"}, "Porto"),
        ({"answer": "Neither."}, "Neither."),
        ({"option": "Porto", "answer": "half a th"}, "Porto"),
    ],
)
@pytest.mark.parametrize("back", ["inbox", "execution"])
def test_an_answer_leads_back_to_where_one_was_with_a_message(
    sign_in: SignIn, operator: User, execution: Execution, form: dict[str, str], answer: str, back: str
) -> None:
    question = ask(execution)
    client = sign_in(operator)

    response = client.post(f"/questions/{question.pk}/answer/", {**form, "back": back})

    there = reverse("inbox") if back == "inbox" else reverse("execution", args=[execution.pk])
    assert (response.status_code, response["Location"]) == (302, there)
    assert "Your answer is on its way to the agent." in body_of(client, there)
    assert Question.objects.get().answer == answer


def test_beside_its_step_the_question_stands_for_all_and_the_form_for_who_may_answer(
    sign_in: SignIn, operator: User, viewer: User, execution: Execution
) -> None:
    ask(execution)
    address = reverse("execution", args=[execution.pk])

    for person, may in ((operator, True), (viewer, False)):
        page = body_of(sign_in(person), address)
        assert "Which city?" in page
        assert ('name="answer"' in page) is may
        assert ("Whoever may run the team can answer." in page) is not may
    assert "The team waits for an answer from a person." in page


def test_what_an_agent_writes_is_escaped_everywhere(
    sign_in: SignIn, owner: User, execution: Execution
) -> None:
    ask(execution, text=HOSTILE, options=[HOSTILE, '"><script>1</script>'], attachments=[HOSTILE])
    client = sign_in(owner)

    for address in ("/inbox/", reverse("execution", args=[execution.pk])):
        page = body_of(client, address)
        assert HOSTILE not in page
        assert "<script>1" not in page
        assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 4


def test_who_comes_second_reads_who_was_first(
    sign_in: SignIn, owner: User, operator: User, execution: Execution
) -> None:
    question = ask(execution)
    address = f"/questions/{question.pk}/answer/"
    sign_in(operator).post(address, {"answer": "Lisbon."})

    response = sign_in(owner).post(address, {"answer": "Porto."})

    assert response.status_code == 409
    assert f"{operator.username} has answered this question already" in response.content.decode()
    assert Question.objects.get().answer == "Lisbon."


def test_an_empty_answer_is_refused_in_words(sign_in: SignIn, owner: User, execution: Execution) -> None:
    question = ask(execution)

    response = sign_in(owner).post(f"/questions/{question.pk}/answer/", {"answer": "  "})

    assert response.status_code == 400
    assert "Write an answer." in response.content.decode()


def test_a_long_inbox_takes_as_many_queries_as_a_short_one(
    sign_in: SignIn, owner: User, team: Team, execution: Execution
) -> None:
    client = sign_in(owner)
    ask(execution)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            body_of(client, "/inbox/")
        counts.append(len(queries))
        for _ in range(3):
            ask(start(team))

    assert counts[0] == counts[1] <= 8
