"""Live output from Suna through driver, Redis and uvicorn to a client, and what that may cost."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psycopg
import pytest
from django.conf import settings

from executions.actions.cancel_execution import cancel_execution
from executions.models import AgentRun
from tests.fixtures.live import headers_of, live_url
from tests.fixtures.people import make_person
from tests.fixtures.running import RunningRenum, wait_until
from tests.fixtures.server_sent_events import EventReader, reading
from tests.fixtures.web import GRACEFUL_S, RunningWeb, running_web
from tests.integration.running.test_live import step
from tests.integration.running.watching import open_streams, running_run, streams

pytestmark = pytest.mark.shares_suna

Serve = Callable[..., RunningWeb]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., RunningWeb]]:
    """Give a function that serves a running Renum over uvicorn until the test ends."""
    with ExitStack() as stack:
        yield lambda renum, **env: stack.enter_context(
            running_web({**renum.env, **env}, tmp_path / "web.log")
        )


def web_connections() -> int:
    with psycopg.connect(settings.TEST_DATABASE_URL) as connection:
        return int(
            connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND application_name = 'renum'"
            ).fetchone()[0]
        )


def test_what_an_agent_says_is_seen_while_it_says_it_and_the_stream_ends_with_the_execution(
    renum_on, serve: Serve, figure
):
    renum: RunningRenum = renum_on("2025-08")
    web = serve(renum)
    two = {"type": "parallel", "agents": [
        {"agent_id": "agent-1", "instructions": '@@sim{"takes": 4, "chars": 2000}'},
        {"agent_id": "agent-2", "instructions": '@@sim{"takes": 4, "complete": "Forty-two."}'}]}  # fmt: skip
    execution = renum.start(renum.make_team(two))
    headers = headers_of(renum.owner)
    with reading(live_url(web, execution), headers) as early:
        wait_until(lambda: early.status == 200)
        renum.start_drivers()
        first = early.wait_for("text", timeout_s=30)
        assert AgentRun.objects.get(pk=first["run"]).status == "running"
        with reading(live_url(web, execution), headers) as late:
            wait_until(lambda: early.text(step="agent-1") and late.text(step="agent-1"))
            execution = renum.wait_for(execution)
            early.wait_for_close()
            late.wait_for_close()

    assert execution.status == "completed"
    assert early.headers["content-type"] == "text/event-stream"
    answers = {row.step_id: row.result_text for row in execution.steps.all()}
    for reader in (early, late):
        assert reader.text(step="agent-1") == answers["agent-1"]
        [called] = [data for data in reader.of("tool_started") if data["arguments"]]
        assert (called["name"], called["arguments"], called["step"]) == ("complete", "Forty-two.", "agent-2")
        assert reader.of("tool_finished")[-1]["ok"] is True
        assert {(data["step"], data["attempt"], data["turn"]) for data in reader.of("ended")} == {
            ("agent-1", 1, 1),
            ("agent-2", 1, 1),
        }
        assert reader.events[-1] == ("over", {"status": "completed"})
        assert not reader.of("left_out", "unavailable")
    # One for the hints and one for all who watch, of each run.
    assert len(streams(renum)) == 4


def test_fifty_watchers_of_one_run_are_one_stream_and_hold_no_connection_to_postgresql(
    renum_on, serve: Serve, figure
):
    renum = renum_on("2025-08")
    web = serve(renum, RENUM_LIVE_CLIENTS="60", RENUM_LIVE_CLIENTS_PER_USER="55")
    execution = renum.start(renum.make_team(step('{"takes": 15, "chars": 6000}')))
    renum.start_drivers()
    running_run(execution)
    headers = headers_of(renum.owner)
    before = web_connections()
    with ExitStack() as stack:
        readers: list[EventReader] = [
            stack.enter_context(reading(live_url(web, execution), headers)) for _ in range(50)
        ]
        wait_until(lambda: all(len(reader.text()) > 300 for reader in readers), timeout_s=40)

        assert open_streams(renum) == 2
        # Fifty of their own it would be; what comes and goes besides is the driver's.
        assert web_connections() < before + 6
        over_limit = [stack.enter_context(reading(live_url(web, execution), headers)) for _ in range(6)]
        wait_until(lambda: any(reader.is_closed for reader in over_limit))
        refused = next(reader for reader in over_limit if reader.is_closed)
        assert (refused.status, refused.headers["retry-after"]) == (429, "15")
        assert refused.headers["content-type"] == "application/problem+json"
        assert b'"too_many_live"' in refused.body
        took_s = web.stop()
        figure("live_stop_with_50_clients_s", took_s)
        # Nobody waits until the server's patience with open streams is over.
        assert took_s < GRACEFUL_S
        for reader in readers:
            reader.wait_for_close()
    assert "Traceback" not in (renum.folder / "web.log").read_text()
    # The run goes on all the same; nobody need wait for its end.
    cancel_execution(execution=execution, by=renum.owner)
    assert renum.wait_for(execution).status in ("cancelled", "completed")


def test_strangers_see_nothing_and_places_run_out_with_a_clear_word(renum_on, serve: Serve):
    renum = renum_on("2025-08")
    web = serve(renum, RENUM_LIVE_CLIENTS="1")
    execution = renum.start(renum.make_team(step("{}")))
    url = live_url(web, execution)

    answers = [httpx.get(url), httpx.get(url, headers=headers_of(make_person("mallory")))]
    assert [answer.status_code for answer in answers] == [401, 404]
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)
    with reading(url, headers_of(renum.owner)) as first:
        wait_until(lambda: first.status == 200)
        full = httpx.get(url, headers=headers_of(renum.owner))
        assert (full.status_code, full.json()["code"], full.headers["retry-after"]) == (
            503,
            "live_full",
            "15",
        )


def test_a_suna_that_tells_nothing_is_said_to_and_is_not_asked(renum_on, serve: Serve):
    renum = renum_on("seed")
    web = serve(renum)
    execution = renum.start(renum.make_team(step('{"takes": 4}')))
    with reading(live_url(web, execution), headers_of(renum.owner)) as reader:
        wait_until(lambda: reader.status == 200)
        renum.start_drivers()
        assert reader.wait_for("run", timeout_s=30)["source"] == "none"
        reader.wait_for_close()

    assert renum.wait_for(execution).status == "completed"
    assert [data["kind"] for data in reader.of("run", "ended", "unavailable", "text")] == ["run", "ended"]
