"""The parts of an execution as resources of their own: its steps, its runs, its result, its whole log."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import AsyncRequestFactory
from rest_framework.request import Request

from executions.api import event_log_endpoint
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from teams.api.streamed import streamed_file
from tests.fixtures.site_rows import doubt_start, make_run, set_execution, start
from tests.functional.api.conftest import NOW, assert_problem, client_for

EXECUTIONS = "/api/v1/executions"


def test_the_steps_are_listed_as_the_execution_shows_them(api, execution) -> None:
    whole = api.get(f"{EXECUTIONS}/{execution.pk}").json()

    body = api.get(whole["links"]["steps"]).json()

    assert body == {"next": None, "results": whole["steps"]}
    assert [step["position"] for step in body["results"]] == [0, 1, 2]
    assert [step["title"] for step in body["results"]] == [step["role"] for step in body["results"]]


def test_the_runs_are_listed_newest_first_with_their_steps_and_by_status(api, execution) -> None:
    first, second, _ = execution.steps.order_by("position")
    lost = make_run(execution, first, status="abandoned", code="start_lost", thread_id="t-1", finished_at=NOW)
    done = make_run(
        execution,
        first,
        attempt=2,
        status="completed",
        thread_id="t-2",
        suna_run_id="r-2",
        start_requested_at=NOW,
        finished_at=NOW,
        individual_cost_metrics={"cost_usd": "0.5", "unpriced": 0},
        individual_usage_metrics={"tokens_input": 7},
    )
    other = make_run(execution, second)
    elsewhere = start(execution.team)
    make_run(elsewhere, elsewhere.steps.get(position=0))
    whole = api.get(f"{EXECUTIONS}/{execution.pk}").json()

    def ids(address: str) -> list[str]:
        found: list[str] = []
        while address:
            page = api.get(address).json()
            found += [run["id"] for run in page["results"]]
            address = page["next"]
        return found

    runs, of_step = whole["links"]["runs"], whole["steps"][0]["links"]["runs"]
    assert ids(f"{runs}?limit=1") == ids(runs) == [str(run.pk) for run in (other, done, lost)]
    assert ids(of_step) == [str(done.pk), str(lost.pk)]
    assert ids(f"{of_step}?status=completed") == ids(f"{runs}?status=completed") == [str(done.pk)]
    [shown] = api.get(f"{of_step}?status=completed").json()["results"]
    assert (shown["step_id"], shown["attempt"], shown["turn"]) == (first.step_id, 2, 1)
    assert (shown["thread_id"], shown["suna_run_id"]) == ("t-2", "r-2")
    assert (shown["cost"]["cost_usd"], shown["usage"]["tokens_input"]) == ("0.5", 7)
    assert_problem(api.get(f"{EXECUTIONS}/{execution.pk}/steps/nobody/runs"), 404, "not_found")


def test_a_result_is_the_answer_alone_as_data_or_as_text(api, execution) -> None:
    path = f"{EXECUTIONS}/{execution.pk}/result"
    early = assert_problem(api.get(path), 409, "not_over")
    assert early["errors"][0]["params"] == {"status": "queued", "code": None}
    answer = {"z": [1, None], "a": "=é"}
    set_execution(execution, status="completed", result=answer, result_text="In words: é.")

    as_json, as_text = api.get(path), api.get(path, headers={"Accept": "text/plain"})

    assert (as_json.json(), as_json.headers["Content-Type"]) == (answer, "application/json")
    assert as_text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (as_text.content.decode(), as_text.headers["X-Content-Type-Options"]) == (
        "In words: é.",
        "nosniff",
    )
    assert api.get(f"{path}?format=text").content == as_text.content
    assert api.get(f"{path}?format=json", headers={"Accept": "text/plain"}).json() == answer
    assert_problem(api.get(path, headers={"Accept": "image/png"}), 406, "not_acceptable")
    assert_problem(api.get(f"{path}?format=csv"), 400, "invalid_parameter")


@pytest.mark.parametrize("accept", ["application/json", "text/plain"])
def test_an_execution_that_ended_without_a_result_says_so(accept, api, execution) -> None:
    set_execution(execution, status="failed", code="step_failed")

    answer = api.get(f"{EXECUTIONS}/{execution.pk}/result", headers={"Accept": accept})

    refused = assert_problem(answer, 409, "no_result")
    assert refused["errors"][0]["params"] == {"status": "failed", "code": "step_failed"}


def test_what_a_partial_execution_came_to_is_told(api, execution) -> None:
    set_execution(execution, status="partial", code="step_failed", result=["half"], result_text="Half.")

    assert api.get(f"{EXECUTIONS}/{execution.pk}/result").json() == ["half"]


def test_events_are_narrowed_to_a_kind_and_a_step_and_followed_past_the_others(api, execution) -> None:
    kinds = [("note", ""), ("other", "a"), ("note", "a"), ("other", "b")]
    append_events(execution.pk, [Event(kind=kind, step_id=step) for kind, step in kinds])
    path = f"{EXECUTIONS}/{execution.pk}/events"

    def numbers(query: str) -> tuple[list[int], int]:
        body = api.get(f"{path}?{query}").json()
        return [event["seq"] for event in body["results"]], body["last_seq"]

    assert numbers("kind=note") == ([2, 4], 5)
    assert numbers("kind=note&limit=1") == ([2], 2)
    assert numbers("kind=note&after=2&limit=1") == ([4], 4)
    assert numbers("step=a") == ([3, 4], 5)
    assert numbers("kind=other&step=b") == ([5], 5)
    assert numbers("kind=nothing") == ([], 5)
    assert numbers("after=9") == ([], 9)


def test_the_whole_log_is_one_event_a_line_as_its_pages_show_them(api, execution, monkeypatch) -> None:
    monkeypatch.setattr(event_log_endpoint, "EVENTS_AT_ONCE", 3)
    append_events(execution.pk, [Event(kind="note", data={"n": n, "t": "\u2028é"}) for n in range(9)])
    path = f"{EXECUTIONS}/{execution.pk}"

    response = api.get(f"{path}/event-log", headers={"Accept": "application/json"})

    text = b"".join(response.streaming_content).decode()
    assert response.headers["Content-Type"] == "application/x-ndjson; charset=utf-8"
    assert (
        response.headers["Content-Disposition"] == f'attachment; filename="execution-{execution.pk}.ndjson"'
    )
    assert [json.loads(line) for line in text.split("\n")[:-1]] == api.get(f"{path}/events").json()["results"]
    assert len(text.split("\n")) == 11


def test_who_operates_is_told_what_may_be_decided_of_a_start_in_doubt(api, viewer, execution) -> None:
    step = doubt_start(execution).step
    path = f"{EXECUTIONS}/{execution.pk}"

    def can(client: Any) -> list[list[str]]:
        one = client.get(f"{path}/steps/{step.step_id}").json()["can"]
        steps = client.get(f"{path}/steps").json()["results"]
        assert steps[0]["can"] == one
        return [step["can"] for step in steps]

    assert can(api) == [["start_again", "give_up_start"], [], []]
    assert can(client_for(viewer)) == [[], [], []]
    links = api.get(f"{path}/steps/{step.step_id}").json()["links"]
    assert api.post(links["give_up_start"]).status_code == 202
    api.post(f"{path}/cancel")
    assert can(api) == [[], [], []]


def test_a_list_shows_who_pays_on_which_connection_and_how_the_prompt_begins(api, owner, team) -> None:
    start(team, prompt="é" * 500)

    [row] = api.get(EXECUTIONS).json()["results"]

    assert row["payer"] == {"id": str(owner.pk), "username": "olga"}
    assert (row["connection"], row["prompt_start"]) == (str(team.connection_id), "é" * 160)


async def test_a_file_is_sent_piece_by_piece_where_a_server_asks_for_it_asynchronously() -> None:
    made: list[str] = []

    def pieces() -> Iterator[str]:
        for text in ("one\n", "two\n", "three\n"):
            made.append(text)
            yield text

    request = Request(AsyncRequestFactory().get("/"))
    response = streamed_file(request, pieces(), media_type="text/csv", filename="a.csv")

    assert response.is_async
    sent = []
    async for piece in response:
        sent.append(piece)
        assert len(made) == len(sent)
    assert b"".join(sent) == b"one\ntwo\nthree\n"
