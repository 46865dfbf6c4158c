"""What the pages beside an execution say: its events, its context, one step, and two executions compared."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from executions.models import ContextChange, Execution, ExecutionEvent
from teams.models import Team, User
from tests.fixtures.site_rows import NOW, bill, make_run, set_execution, set_step, start

pytestmark = pytest.mark.django_db


def tell(execution: Execution, *events: tuple[str, str, dict[str, object]], actor: str = "driver") -> None:
    """Append events (kind, step, data) as a driver would."""
    execution.refresh_from_db()
    first = execution.event_seq + 1
    ExecutionEvent.objects.bulk_create(
        ExecutionEvent(
            execution=execution,
            seq=first + place,
            kind=kind,
            step_id=step_id,
            data=data,
            actor=actor,
            created_at=NOW + dt.timedelta(seconds=first + place),
        )
        for place, (kind, step_id, data) in enumerate(events)
    )
    set_execution(execution, event_seq=first + len(events) - 1)


def write(execution: Execution, *values: tuple[str, object]) -> None:
    """Change the shared context, key by key."""
    for version, (key, value) in enumerate(values, start=execution.context_version + 1):
        ContextChange.objects.create(
            execution=execution,
            version=version,
            key=key,
            value=value,
            author="step:agent-123",
            created_at=NOW,
        )
    set_execution(execution, context_version=execution.context_version + len(values))


@pytest.fixture
def client(sign_in: Callable[[User], Client], owner: User) -> Client:
    return sign_in(owner)


@pytest.fixture
def events(execution: Execution) -> str:
    tell(
        execution,
        ("execution_started", "", {}),
        ("step_running", "agent-123", {"attempt": 1}),
        ("step_failed", "agent-123", {"code": "agent_failed", "message": "No <b>paper</b>."}),
        ("step_skipped", "agent-456", {"code": "upstream_failed", "steps": ["agent-123"]}),
    )
    return reverse("execution-events", args=[execution.pk])


def body_of(response: HttpResponseBase) -> str:
    assert response.status_code == 200
    if response.streaming:
        return b"".join(response).decode()  # type: ignore[arg-type]
    return response.content.decode()  # type: ignore[attr-defined, no-any-return]


def test_events_are_told_in_words_with_who_and_why(client: Client, events: str) -> None:
    body = body_of(client.get(events))

    assert "It was accepted" in body
    assert "· <bdi>olga</bdi>" in body
    assert "· <bdi>Renum</bdi>" in body
    assert "The agent failed. It said: No &lt;b&gt;paper&lt;/b&gt;." in body
    assert "Skipped, because it needs" in body
    assert body.index("A step was skipped</strong>") < body.index("A step failed</strong>")


def test_events_are_narrowed_by_kind_step_and_text_and_ordered(client: Client, events: str) -> None:
    def numbers(query: str) -> list[int]:
        body = body_of(client.get(f"{events}?{query}"))
        return [int(part.split('"')[0]) for part in body.split('<li id="e')[1:]]

    everything = numbers("order=oldest")
    assert everything == sorted(everything) == numbers("")[::-1]
    failed = everything[-2]
    assert numbers("kind=step_failed") == [failed]
    assert numbers("step=agent-123&order=oldest") == [failed - 1, failed]
    assert numbers("text=PAPER") == [failed]
    assert numbers("text=was+skipped") == [failed + 1]
    assert numbers(f"beyond={failed}") == everything[:-2][::-1]
    assert numbers(f"order=oldest&beyond={failed}") == [failed + 1]
    assert "No event is like that." in body_of(client.get(f"{events}?kind=nothing"))


def test_long_lists_of_events_are_paged_without_losing_the_filters(
    client: Client, execution: Execution, events: str
) -> None:
    tell(execution, *[("step_running", "agent-123", {"attempt": number}) for number in range(150)])

    body = body_of(client.get(f"{events}?kind=step_running"))
    more = body.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    rest = body_of(client.get(f"{events}{more}"))

    assert body.count('<li id="e') == 100
    assert "kind=step_running" in more
    assert rest.count('<li id="e') == 51
    assert 'rel="first"' in rest


@pytest.mark.parametrize(
    "query", ["beyond=x", "beyond=99999999999999", "beyond=-1", "text=%00", "kind=%00", "step=" + "x" * 999]
)
def test_odd_questions_about_events_are_answered(client: Client, events: str, query: str) -> None:
    assert client.get(f"{events}?{query}").status_code == 200


def test_events_are_saved_as_a_table_and_as_text(client: Client, events: str) -> None:
    table = body_of(client.get(f"{events}csv/?kind=step_failed"))
    text = body_of(client.get(f"{events}text/"))

    assert table.splitlines()[0] == "number,time,kind,words,step,who,why,data"
    assert table.count("\r\n") > 1
    assert "step_failed,A step failed,agent-123,Renum,The agent failed. It said:" in table
    assert "step_skipped" not in table
    assert "A step was skipped [agent-456] (Renum): Skipped" in text


def test_followed_events_are_sent_to_htmx_only_when_there_are_new_ones(
    client: Client, execution: Execution, events: str
) -> None:
    seen = execution.event_seq
    htmx = {"HX-Request": "true"}

    nothing = client.get(f"{events}?seen={seen}", headers=htmx)
    tell(execution, ("execution_paused", "", {}))
    part = client.get(f"{events}?seen={seen}", headers=htmx)

    assert nothing.status_code == 204
    assert "It was paused" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert "hx-trigger" in part.content.decode()
    set_execution(execution, status="completed")
    assert "hx-trigger" not in body_of(client.get(events))


def test_the_context_is_shown_at_each_version_with_what_was_before(
    client: Client, execution: Execution
) -> None:
    write(execution, ("city", "Lisbon"), ("facts", {"a": [1, 2]}), ("city", "Porto <i>"))
    address = reverse("execution-context", args=[execution.pk])

    now, then = body_of(client.get(address)), body_of(client.get(f"{address}?version=2"))

    assert '<pre class="exact">Porto &lt;i&gt;</pre>' in now
    assert "<del>Lisbon</del><ins>Porto &lt;i&gt;</ins>" in now
    assert '<pre class="exact">Lisbon</pre>' in then
    assert "Porto" not in then
    assert "Version 2 of 3" in then
    compared = body_of(client.get(f"{address}?version=3&against=1"))
    assert "From version 1 to version 3" in compared
    assert compared.count("<ins>") > now.count("<ins>")


def test_a_large_value_is_cut_and_shown_whole_when_asked_for(client: Client, execution: Execution) -> None:
    write(execution, ("a/b&c", "x" * 5000 + "END"))
    address = reverse("execution-context", args=[execution.pk])

    body = body_of(client.get(address))
    whole = body.split('<p><a href="?')[1].split('"')[0].replace("&amp;", "&")

    assert "END" not in body
    assert "Show all 5,003 characters" in body
    assert "END" in body_of(client.get(f"{address}?{whole}"))
    assert "nothing had set it" in body_of(client.get(f"{address}?key=%00no&version=1"))
    assert body_of(client.get(f"{address}?version=999&against=x"))


def test_an_execution_without_context_says_what_it_would_be(client: Client, execution: Execution) -> None:
    assert "Nothing is kept here yet." in body_of(
        client.get(reverse("execution-context", args=[execution.pk]))
    )


def test_a_step_shows_its_prompt_answer_conditions_attempts_and_cost(
    client: Client, execution: Execution
) -> None:
    step = set_step(
        execution,
        "agent-123",
        status="failed",
        code="bad_output",
        reason_params={"message": "is no number", "pointer": "/count"},
        input="The exact <prompt>.",
        input_cuts=[{"block": 1, "heading": "Initial prompt", "original_bytes": 9000, "kept_bytes": 5000}],
        result_text="# Found\n\n**much** [here](https://example.com/)",
        result_data={"count": "many"},
        conditions=[
            {"field": "initial_prompt", "operator": "contains", "value": "x", "seen": "y", "verdict": False},
            {
                "any": [{"field": "a", "operator": "exists", "missing": True, "verdict": None}],
                "verdict": None,
            },
        ],
        context_version=0,
        attempts=1,
    )
    run = make_run(
        execution,
        step,
        status="failed",
        code="agent_failed",
        message="broke",
        thread_id="thread-7",
        start_requested_at=NOW,
        started_at=NOW,
        finished_at=NOW + dt.timedelta(seconds=67),
    )
    bill(execution, step, agent_run_id=run.pk)

    body = body_of(client.get(reverse("execution-step", args=[execution.pk, "agent-123"])))

    assert "The exact &lt;prompt&gt;." in body
    assert "5,000 of 9,000 bytes were sent" in body
    assert "<h3>Found</h3>" in body
    assert "<strong>much</strong> " in body
    assert "&quot;count&quot;: &quot;many&quot;" in body
    assert "does not hold" in body
    assert "cannot be decided" in body
    assert "thread-7" in body
    assert "1:07" in body
    assert "10,500" in body
    assert "<code>/count</code>: is no number" in body


def test_a_step_that_is_not_there_is_not_found(client: Client, execution: Execution) -> None:
    for step_id in ("nothing", "%00", "a" * 500, "a b"):
        assert client.get(f"/executions/{execution.pk}/steps/{step_id}/").status_code == 404


def test_two_executions_are_compared_with_what_grew(client: Client, team: Team, execution: Execution) -> None:
    later = start(team, prompt="What of boats?")
    for one, seconds, answers in ((execution, 10, 1), (later, 30, 2)):
        step = set_step(
            one,
            "agent-123",
            status="completed",
            started_at=NOW,
            finished_at=NOW + dt.timedelta(seconds=seconds),
            result_text=f"{answers} of them",
        )
        for _ in range(answers):
            bill(one, step)

    body = body_of(client.get(f"{reverse('execution-compare')}?b={later.pk}"))

    assert "<del>What of electric bicycles?</del>" in body
    assert "<ins>What of boats?</ins>" in body
    assert "<del>1 of them</del><ins>2 of them</ins>" in body
    assert "+0:20" in body
    assert "+10,500" in body
    assert "+$0.0240" in body
    backwards = body_of(client.get(f"{reverse('execution-compare')}?a={later.pk}&b={execution.pk}"))
    assert "\u22120:20" in backwards


def test_what_one_may_not_see_is_not_compared(
    sign_in: Callable[[User], Client], outsider: User, client: Client, execution: Execution
) -> None:
    address = reverse("execution-compare")

    assert sign_in(outsider).get(f"{address}?b={execution.pk}").status_code == 404
    assert client.get(f"{address}?a=x&b={execution.pk}").status_code == 404
    assert client.get(f"{address}?b=%00").status_code == 404
    assert "no earlier execution" in body_of(client.get(f"{address}?b={execution.pk}"))
    assert "Open an execution" in body_of(client.get(address))


def test_pages_take_as_many_queries_for_much_as_for_little(
    client: Client, team: Team, execution: Execution
) -> None:
    later = start(team)
    write(execution, ("first", 1))
    addresses = [
        reverse("execution-events", args=[execution.pk]),
        reverse("execution-context", args=[execution.pk]) + "?against=0",
        reverse("execution-step", args=[execution.pk, "agent-123"]),
        f"{reverse('execution-compare')}?a={execution.pk}&b={later.pk}",
    ]
    counts: dict[str, list[int]] = {address: [] for address in addresses}
    for look in range(2):
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts[address].append(len(queries))
        if look == 0:
            write(execution, *[(f"key {number}", number) for number in range(20)])
            tell(execution, *[("step_running", "agent-123", {"attempt": n}) for n in range(30)])

    assert {address: pair for address, pair in counts.items() if pair[0] != pair[1]} == {}
    assert max(pair[0] for pair in counts.values()) <= 12, counts
