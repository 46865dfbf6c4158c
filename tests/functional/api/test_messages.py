"""The team's messages through the API: who reads and posts them, what is refused, and what a key repeats."""

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

import pytest

from executions.actions.start_execution import start_execution
from executions.models import Execution, TeamMessage
from teams.actions.save_version import save_version
from tests.fixtures.site_rows import set_execution
from tests.functional.api.conftest import API, NOW, assert_problem

TALKING = """{"type": "graph", "defaults": {"tools": "team"}, "agents": [
    {"agent_id": "agent-123", "role": "researcher"},
    {"agent_id": "agent-456", "role": "analyst", "depends_on": ["agent-123"]},
    {"agent_id": "agent-789", "tools": "none", "depends_on": ["agent-456"]}
]}"""


@pytest.fixture
def talking(team, owner) -> Execution:
    save_version(team=team, by=owner, source=TALKING)
    team.refresh_from_db()
    return start_execution(team=team, by=owner, prompt="Talk.").execution


def address(execution: Execution) -> str:
    return f"{API}/executions/{execution.pk}/messages"


def post(client: Any, execution: Execution, key: str | None = None, **body: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(address(execution), body, format="json", headers=headers)


def test_what_is_posted_is_listed_with_its_kind_number_and_event(api, talking, owner) -> None:
    first = post(api, talking, text="Mind the year 2025.").json()
    second = post(api, talking, text="Only Lisbon.", to="agent-456").json()
    asked = post(api, talking, text="Which city?", to="agent-456", timeout_s=600, default="Lisbon").json()

    assert [one["kind"] for one in (first, second, asked)] == ["broadcast", "direct", "request"]
    assert [one["seq"] for one in (first, second, asked)] == [1, 2, 3]
    assert (first["sender"], first["recipient"]) == (f"user:{owner.pk}", None)
    assert (second["recipient"], second["delivered"], second["is_open"]) == ("step:agent-456", [], False)
    assert (asked["is_open"], asked["default_answer"], asked["thread"]) == (True, "Lisbon", asked["id"])
    assert [one["id"] for one in api.get(address(talking)).json()["results"]] == [
        asked["id"],
        second["id"],
        first["id"],
    ]
    events = talking.events.filter(kind="message_posted").order_by("seq")
    assert [event.data["message"] for event in events] == [first["id"], second["id"], asked["id"]]
    assert {event.actor for event in events} == {f"user:{owner.pk}"}
    # Events are for everybody's log: what was written stays in the message.
    assert "Lisbon" not in str([event.data for event in events])


def test_a_request_is_answered_once_and_then_closed(api, talking) -> None:
    asked = post(api, talking, text="Which city?", to="agent-456", timeout_s=600).json()

    reply = post(api, talking, text="Porto.", reply_to=asked["id"]).json()

    assert (reply["kind"], reply["thread"], reply["recipient"]) == ("reply", asked["id"], asked["sender"])
    assert_problem(post(api, talking, text="Lisbon.", reply_to=asked["id"]), 409, "request_closed")
    shown = api.get(f"{address(talking)}?kind=request").json()["results"]
    assert [(one["id"], one["is_open"]) for one in shown] == [(asked["id"], False)]
    further = post(api, talking, text="Thanks.", reply_to=reply["id"]).json()
    assert (further["kind"], further["thread"]) == ("direct", asked["id"])


def test_a_request_whose_time_is_up_takes_no_reply(api, talking) -> None:
    row = TeamMessage.objects.create(
        execution=talking,
        seq=1,
        kind="request",
        sender="step:agent-123",
        recipient="people",
        text="Which city?",
        thread=uuid.uuid4(),
        expires_at=NOW - dt.timedelta(days=365),
        created_at=NOW,
    )

    assert_problem(post(api, talking, text="Lisbon.", reply_to=str(row.pk)), 409, "request_closed")


def test_the_same_key_posts_once_and_another_message_under_it_is_refused(api, talking) -> None:
    first = post(api, talking, key="one", text="Once.")
    again = post(api, talking, key="one", text="Once.")

    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.headers["Idempotent-Replayed"], again.headers["Idempotent-Replayed"]) == ("false", "true")
    assert first.json()["id"] == again.json()["id"]
    assert TeamMessage.objects.count() == 1
    assert_problem(post(api, talking, key="one", text="Twice."), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"text": " "}, "/text", "required"),
        ({"text": "x" * 16_385}, "/text", "too_large"),
        ({"text": "a", "default": "b"}, "/default", "unexpected_key"),
        ({"text": "a", "timeout_s": 0}, "/timeout_s", "out_of_range"),
        ({"text": "a", "timeout_s": 86_401}, "/timeout_s", "out_of_range"),
        ({"text": "a", "to": "nobody"}, "/to", "unknown_step"),
        ({"text": "a", "to": "agent-789"}, "/to", "not_listening"),
        ({"text": "a", "reply_to": str(uuid.uuid4())}, "/reply_to", "unknown_message"),
        ({"text": "a", "reply_to": str(uuid.uuid4()), "to": "agent-456"}, "/to", "unexpected_key"),
        ({"text": "a", "reply_to": str(uuid.uuid4()), "timeout_s": 5}, "/timeout_s", "unexpected_key"),
        ({"text": 5}, "/text", None),
        ({"text": "a", "seq": 9}, "/seq", "unknown_field"),
        ({"text": "a", "timeout_s": "5"}, "/timeout_s", None),
    ],
)
def test_what_cannot_be_posted_says_where(api, talking, body, pointer, code) -> None:
    problem = assert_problem(post(api, talking, **body), 400, "validation_error")

    [error] = problem["errors"]
    assert error["pointer"] == pointer
    assert code is None or error["code"] == code
    assert not TeamMessage.objects.exists()


@pytest.mark.parametrize(
    "query", ["kind=lost", "after=-1", "after=x", "cursor=x", "ordering=text", "from=" + "x" * 201, "who=1"]
)
def test_odd_queries_are_refused(api, talking, query) -> None:
    assert_problem(api.get(f"{address(talking)}?{query}"), 400, "invalid_parameter")


def test_the_list_is_narrowed_and_paged_by_number(api, talking, owner) -> None:
    for number in range(5):
        post(api, talking, text=f"Message {number}.", **({"to": "agent-123"} if number % 2 else {}))

    def seqs(query: str) -> list[int]:
        return [one["seq"] for one in api.get(f"{address(talking)}?{query}").json()["results"]]

    assert seqs("to=*&ordering=seq") == [1, 3, 5]
    assert seqs("to=step:agent-123&ordering=seq") == [2, 4]
    assert seqs("kind=direct&ordering=-seq") == [4, 2]
    assert seqs("after=3&ordering=seq") == [4, 5]
    assert seqs("from=system") == []
    assert len(seqs(f"from=user:{owner.pk}")) == 5
    page = api.get(f"{address(talking)}?ordering=seq&limit=2").json()
    following = api.get(page["next"]).json()
    assert [one["seq"] for one in page["results"] + following["results"]] == [1, 2, 3, 4]


def test_what_is_over_takes_no_message(api, talking) -> None:
    set_execution(talking, status="completed", result_text="Done.")

    assert_problem(post(api, talking, text="Too late."), 409, "already_over")


def test_the_team_of_an_execution_sends_only_so_many(api, talking, settings) -> None:
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, messages=2)
    for _ in range(2):
        assert post(api, talking, text="More.").status_code == 201

    assert_problem(post(api, talking, text="Too many."), 409, "too_many_messages")
