"""The conversation of an execution's team on its page: read, narrowed, written to, and never as HTML."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from executions.actions.post_message import post_message
from executions.actions.start_execution import start_execution
from executions.models import Execution, ExecutionEvent, TeamMessage
from teams.actions.save_version import save_version
from teams.models import Team, User
from tests.fixtures.site_rows import HOSTILE, NOW, set_execution
from tests.functional.api.test_messages import TALKING

pytestmark = pytest.mark.django_db


@pytest.fixture
def talking(team: Team, owner: User) -> Execution:
    save_version(team=team, by=owner, source=TALKING)
    team.refresh_from_db()
    return start_execution(team=team, by=owner, prompt="Talk.").execution


def page(client: Client, execution: Execution, query: str = "") -> str:
    response = client.get(reverse("execution-messages", args=[execution.pk]) + query)
    assert response.status_code == 200
    return response.content.decode()


def write(client: Client, execution: Execution, **said: str):
    address = reverse("execution-message", args=[execution.pk])
    return client.post(address, {"form_key": uuid.uuid4().hex, **said})


def test_the_empty_page_says_what_messages_are_and_how_a_team_gets_them(
    sign_in: Callable[[User], Client], owner: User, execution: Execution, talking: Execution
) -> None:
    client = sign_in(owner)

    assert "“tools”: “team”" in page(client, execution)
    assert "may write to each other" in page(client, talking)


def test_a_person_writes_asks_and_replies(
    sign_in: Callable[[User], Client], owner: User, talking: Execution
) -> None:
    client = sign_in(owner)

    assert write(client, talking, text="Mind the year.").status_code == 302
    assert write(client, talking, text="Which city?", to="agent-456", wait="3600").status_code == 302
    assert 'value="2"' in page(client, talking, "?reply=2")
    assert write(client, talking, text="Porto.", reply_to="2").status_code == 302

    rows = TeamMessage.objects.order_by("seq").values_list("kind", "recipient")
    assert list(rows) == [
        ("broadcast", None),
        ("request", "step:agent-456"),
        ("reply", f"user:{owner.pk}"),
    ]
    shown = page(client, talking)
    assert shown.index("Porto.") < shown.index("Which city?") < shown.index("Mind the year.")
    assert "goes on from message 2" in shown


def test_a_form_that_is_sent_twice_writes_once(
    sign_in: Callable[[User], Client], owner: User, talking: Execution
) -> None:
    client = sign_in(owner)
    for _ in range(2):
        write(client, talking, text="Once.", form_key="the-same")

    assert TeamMessage.objects.count() == 1


def test_what_is_refused_says_why_on_a_page(
    sign_in: Callable[[User], Client], owner: User, talking: Execution
) -> None:
    client = sign_in(owner)
    for said, words in (
        ({"text": " "}, "Write a message."),
        ({"text": "a", "to": "agent-789"}, "This step is told no messages"),
        ({"text": "a", "to": "nobody"}, "no such step"),
        ({"text": "a\0b"}, "NUL"),
        ({"text": "x" * 20_000}, "too long"),
    ):
        response = write(client, talking, **said)
        assert response.status_code == 400
        assert words in response.content.decode()
    set_execution(talking, status="completed", result_text="Done.")
    assert write(client, talking, text="Too late.").status_code == 409
    assert 'id="write"' not in page(client, talking)
    assert not TeamMessage.objects.exists()


def test_who_only_looks_gets_no_form(
    sign_in: Callable[[User], Client], viewer: User, owner: User, talking: Execution
) -> None:
    post_message(execution=talking, by=owner, text="For all.")

    shown = page(sign_in(viewer), talking)

    assert "For all." in shown
    assert 'id="write"' not in shown
    assert "?reply=" not in shown


@pytest.mark.parametrize(
    "query", ["?kind=lost", "?before=x", "?before=99999999999", "?who=%00", "?reply=-1", "?reply=x"]
)
def test_odd_queries_are_answered(
    sign_in: Callable[[User], Client], owner: User, talking: Execution, query: str
) -> None:
    page(sign_in(owner), talking, query)


def test_the_conversation_is_narrowed_and_paged(
    sign_in: Callable[[User], Client], owner: User, talking: Execution
) -> None:
    client = sign_in(owner)
    for number in range(1, 53):
        post_message(
            execution=talking, by=owner, text=f"Word {number}.", to="agent-123" if number == 1 else None
        )

    first = page(client, talking)
    assert ("Word 52." in first, "Word 3." in first, "Word 2." in first) == (True, True, False)
    assert "Word 2." in page(client, talking, "?before=3")
    narrowed = page(client, talking, "?kind=direct&who=step:agent-123")
    assert ("Word 1." in narrowed, "Word 52." in narrowed) == (True, False)
    assert "No message is like that." in page(client, talking, "?kind=reply")


def test_words_of_agents_are_never_html_and_their_mistakes_are_told(
    sign_in: Callable[[User], Client], owner: User, talking: Execution
) -> None:
    TeamMessage.objects.create(
        execution=talking,
        seq=1,
        kind="broadcast",
        sender="step:agent-123",
        text=HOSTILE,
        thread=uuid.uuid4(),
        created_at=NOW,
    )
    ExecutionEvent.objects.create(
        execution=talking,
        seq=talking.event_seq + 1,
        kind="team_block_refused",
        step_id="agent-123",
        data={"attempt": 1, "mistakes": [{"pointer": "/messages/0/to", "code": "unknown_step"}]},
        created_at=NOW,
    )

    shown = page(sign_in(owner), talking)

    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown
    assert "The team has no such step." in shown
    assert "/messages/0/to" in shown
