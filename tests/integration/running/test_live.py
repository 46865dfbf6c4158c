"""Live output by the driver: read while somebody watches, never longer, and never to the run's harm."""

import hashlib
import json
import uuid
from contextlib import ExitStack
from typing import Any

import pytest

from billing.actions.store_user_key import store_user_key
from executions.orchestrator.live_keys import stream_key
from teams.models import SunaConnection
from tests.fixtures.live import headers_of, live_url
from tests.fixtures.own_services import frozen
from tests.fixtures.running import wait_until
from tests.fixtures.server_sent_events import reading
from tests.fixtures.web import running_web
from tests.integration.running.leaks import holds
from tests.integration.running.test_keys import NOW
from tests.integration.running.watching import (
    open_streams,
    running_run,
    streams,
    text_of,
    watching,
    written,
)

pytestmark = pytest.mark.shares_suna


def step(directive: str) -> dict[str, Any]:
    return {"type": "sequential", "agents": [{"agent_id": "agent-1", "instructions": f"@@sim{directive}"}]}


def test_a_run_is_read_while_it_is_watched_and_by_one_stream_however_many_watch(renum_on, clean_redis):
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(step('{"takes": 7, "chars": 3000}')))
    renum.start_drivers()
    run = running_run(execution)
    wait_until(lambda: open_streams(renum) == 1)

    # Nobody watches: the one stream is that of the hints.
    assert clean_redis.exists(stream_key(run.pk)) == 0
    with watching(clean_redis, run, for_s=3), watching(clean_redis, *[run] * 50, for_s=3):
        wait_until(lambda: len(text_of(written(clean_redis, run))) > 200)
        assert open_streams(renum) == 2
    wait_until(lambda: open_streams(renum) == 1, timeout_s=8)
    with watching(clean_redis, run):
        wait_until(lambda: open_streams(renum) == 2)
        execution = renum.wait_for(execution)
        events = wait_until(
            lambda: (
                [e for e in written(clean_redis, run) if e["kind"] == "ended"] and written(clean_redis, run)
            )
        )

    assert execution.status == "completed"
    assert [events[0]["kind"], events[-1]["kind"]] == ["begin", "ended"]
    assert text_of(events) == execution.result_text
    assert [event["text"] for event in events if event["kind"] == "message"] == [execution.result_text]
    assert len(streams(renum)) == 3
    assert open_streams(renum) == 0
    assert clean_redis.ttl(stream_key(run.pk)) > 0


def test_a_users_key_that_an_agent_repeats_never_reaches_live_output(renum_on, clean_redis, tmp_path):
    renum = renum_on("2025-08")
    SunaConnection.objects.filter(pk=renum.connection.pk).update(sends_user_keys=True)
    key = f"sk-CANARY-{uuid.uuid4()}"
    store_user_key(user=renum.owner, service="openai", key=key, now=NOW)
    said = f"{key}x" * 40
    directive = json.dumps({"takes": 4, "text": said})
    definition = step(directive)
    definition["agents"][0]["services"] = ["openai"]
    execution = renum.start(renum.make_team(definition))
    cluster = renum.start_drivers()
    run = running_run(execution)
    seen: list[bytes] = []
    with watching(clean_redis, run):
        wait_until(lambda: "key hidden" in text_of(written(clean_redis, run)))
        renum.wait_for(execution)
        seen = [clean_redis.dump(stream_key(run.pk)), str(written(clean_redis, run)).encode()]
        events = written(clean_redis, run)

    digest = hashlib.sha256(key.encode()).hexdigest()
    assert renum.suna.get(f"keys-seen?sha256={digest}")["seen"]
    assert not any(holds(data, key.encode()) for data in seen)
    # Not in parts either: put together again, the pieces hold nothing of it.
    assert key[:20] not in text_of(events)
    assert text_of(events).count("[key hidden]x") > 10
    assert key not in cluster.log.read_text()


def test_an_answer_that_is_written_into_the_tool_complete_shows_while_it_is_written(renum_on, clean_redis):
    renum = renum_on("2025-08")
    answer = "Tides follow the moon. " * 100
    execution = renum.start(renum.make_team(step(json.dumps({"takes": 6, "complete": answer}))))
    renum.start_drivers()
    run = running_run(execution)
    with watching(clean_redis, run):
        early = wait_until(lambda: text_of(written(clean_redis, run), message=1))
        assert run.__class__.objects.get(pk=run.pk).status == "running"
        renum.wait_for(execution)
        events = wait_until(
            lambda: (
                [e for e in written(clean_redis, run) if e["kind"] == "ended"] and written(clean_redis, run)
            )
        )

    assert answer.startswith(early)
    assert execution.__class__.objects.get(pk=execution.pk).result_text == answer.strip()
    assert [(e["message"], e["text"]) for e in events if e["kind"] == "message"] == [(1, answer.strip())]


@pytest.mark.faults
@pytest.mark.long
def test_a_stream_that_breaks_hangs_or_is_none_ends_live_output_and_not_the_run(renum_on, clean_redis):
    renum = renum_on("2025-08")
    renum.suna.fail("run.stream", contains="to break", times=100, kind="cut_stream", events=4, how="break")
    renum.suna.fail("run.stream", contains="to hang", times=100, kind="hang")
    renum.suna.fail("run.stream", contains="to be none", times=100, kind="html")
    executions = {
        how: renum.start(renum.make_team(step('{"takes": 8, "chars": 900}')), f"A stream to {how}")
        for how in ("break", "hang", "be none")
    }
    cluster = renum.start_drivers()
    runs = {how: running_run(execution) for how, execution in executions.items()}

    with watching(clean_redis, *runs.values()):
        for execution in executions.values():
            assert renum.wait_for(execution, timeout_s=40).status == "completed"
        wait_until(lambda: written(clean_redis, runs["be none"])[-1]["kind"] == "ended")
        told = {how: written(clean_redis, run) for how, run in runs.items()}

    assert any(event["kind"] == "text" for event in told["break"])
    assert {event["kind"] for event in told["hang"]} <= {"begin", "ended", "unavailable"}
    codes = {event["code"] for event in told["be none"] if event["kind"] == "unavailable"}
    assert codes == {"bad_response"}
    assert renum.suna.starts() == 3
    assert "Traceback" not in cluster.log.read_text()


@pytest.mark.faults
@pytest.mark.long
def test_a_driver_that_dies_hands_the_watched_run_over_and_its_output_begins_anew(renum_on, clean_redis):
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(step('{"takes": 10, "chars": 2000}')))
    cluster = renum.start_drivers()
    run = running_run(execution)
    with watching(clean_redis, run):
        wait_until(lambda: text_of(written(clean_redis, run)))
        first = clean_redis.xinfo_stream(stream_key(run.pk))["first-entry"][0]
        cluster.kill_driver()
        wait_until(lambda: clean_redis.xinfo_stream(stream_key(run.pk))["first-entry"][0] != first)
        execution = renum.wait_for(execution)
        events = wait_until(lambda: (told := written(clean_redis, run))[-1]["kind"] == "ended" and told)

    assert (execution.status, execution.epoch) == ("completed", 2)
    assert text_of(events) == execution.result_text


@pytest.mark.faults
@pytest.mark.long
def test_more_watched_runs_than_readers_say_so_and_take_the_first_free_one(renum_on, clean_redis):
    renum = renum_on("2025-08")
    short = renum.start(renum.make_team(step('{"takes": 4, "chars": 500}')))
    long = renum.start(renum.make_team(step('{"takes": 12, "chars": 500}')))
    renum.start_drivers(RENUM_LIVE_READERS="1")
    first, second = running_run(short), running_run(long)
    with watching(clean_redis, first):
        wait_until(lambda: written(clean_redis, first))
        with watching(clean_redis, second):
            no_room = {"kind": "unavailable", "code": "too_many_watched"}
            wait_until(lambda: no_room in written(clean_redis, second))
            renum.wait_for(short)
            wait_until(lambda: text_of(written(clean_redis, second)), timeout_s=15)
            assert renum.wait_for(long).status == "completed"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("frozen", marks=pytest.mark.long),
        pytest.param("killed", marks=[pytest.mark.faults, pytest.mark.long]),
    ],
)
def test_redis_lost_while_somebody_watches_costs_live_output_and_nothing_else(own_renum, fault, tmp_path):
    renum, box = own_renum.renum, own_renum.services.box
    team = renum.make_team(step('{"takes": 8, "chars": 2000}'))
    cluster = renum.start_drivers()
    with running_web(renum.env, tmp_path / "web.log") as web, ExitStack() as stack:
        execution = renum.start(team)
        reader = stack.enter_context(reading(live_url(web, execution), headers_of(renum.owner)))
        reader.wait_for("text", timeout_s=30)
        with ExitStack() as while_lost:
            if fault == "frozen":
                while_lost.enter_context(frozen(box.pid_of("redis-server")))
            else:
                box.kill_9("redis-server")
            reader.wait_for("unavailable")
            execution = renum.wait_for(execution)
        reader.wait_for_close()

    assert execution.status == "completed"
    assert reader.events[-1] == ("over", {"status": "completed"})
    assert execution.agent_runs.count() == 1
    # The run itself takes eight seconds; nobody waited for Redis, save for its context.
    assert (execution.finished_at - execution.started_at).total_seconds() < 14
    # The queue's library has traces of its own.
    said = cluster.log.read_text()
    assert "nobody can watch runs" in said or "live output cannot be written" in said
    assert "live output stopped" not in said
    assert "broke off" not in said
    assert "Traceback" not in (tmp_path / "web.log").read_text()


@pytest.mark.parametrize(
    "profile", ["2026-01", pytest.param("2025-07", marks=[pytest.mark.faults, pytest.mark.long])]
)
def test_each_profile_is_read_as_it_can_be_without_harm(renum_on, clean_redis, profile):
    renum = renum_on(profile)
    definition = step('{"takes": 9, "responses": 4, "complete": "Forty-two."}')
    execution = renum.start(renum.make_team(definition))
    renum.start_drivers()
    run = running_run(execution)
    with watching(clean_redis, run):
        wait_until(lambda: [e for e in written(clean_redis, run) if e["kind"] == "tool_finished"])
        assert renum.wait_for(execution).status == "completed"
        events = wait_until(lambda: (told := written(clean_redis, run))[-1]["kind"] == "ended" and told)

    messages = [event["text"] for event in events if event["kind"] == "message"]
    assert messages[0] == "Looking further, step 1."
    # Rows are read every few seconds: what is written last may come after the end.
    assert len(messages) >= (2 if profile == "2025-07" else 1)
    assert {event["name"] for event in events if event["kind"] == "tool_started"} >= {"web_search"}
    assert not [event for event in events if event["kind"] in ("left_out", "unavailable")]
    assert bool(streams(renum)) is (profile == "2025-07")
