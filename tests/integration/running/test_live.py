"""Live output by the driver: read while somebody watches, never longer, and never to the run's harm."""

from executions.orchestrator.live_keys import stream_key
from tests.fixtures.running import wait_until
from tests.integration.running.watching import (
    open_streams,
    running_run,
    streams,
    text_of,
    watching,
    written,
)


def step(directive: str) -> dict[str, object]:
    return {"type": "sequential", "agents": [{"agent_id": "agent-1", "instructions": f"@@sim{directive}"}]}


def test_a_run_is_read_while_it_is_watched_and_by_one_stream_however_many_watch(renum_on, clean_redis):
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(step('{"takes": 12, "chars": 3000}')))
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
