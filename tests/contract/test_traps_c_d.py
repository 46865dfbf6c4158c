"""The traps of Suna of December 2025 and of 2026 (c1, c2, d), one test for each, named after it.

The numbers are those of suna-contract §6; the ends of streams are the lines of its §3.3, §3.4 and §9.
"""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from executions.agent_service import (
    Denied,
    LiveSource,
    NotFound,
    Rejected,
    RunRequest,
    RunStatus,
    RunView,
    SecretText,
    StartUncertain,
    Throttled,
)
from executions.suna.client import SunaClient
from executions.suna.credential import SunaCredential
from executions.suna.detect import detect_profile
from tests.contract.clients import TOKEN, bearer, client_to
from tests.contract.contract_steps import appear, begin, follow, list_run_ids, stop
from tests.contract.simulated_suna import SimulatedSuna
from tests.contract.targets import API_KEY, Target, open_target

TARGETS = ["2025-12/c1", "2025-12/c2", "2026-01"]
MISSING = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with open_target(str(request.param), folder=tmp_path_factory.mktemp("traps")) as opened:
        yield opened


@pytest.fixture
def suna(target: Target) -> SimulatedSuna:
    assert target.simulated is not None
    target.simulated.reset()
    target.simulated.set_options(times={}, parallel_limit=None, thread_limit=None)
    return target.simulated


@pytest.fixture
async def client(target: Target, suna: SimulatedSuna) -> AsyncIterator[SunaClient]:
    options = {"profile": target.profile, "learned": target.learned, "credential": bearer(TOKEN)}
    async with client_to(target.url, **options) as opened:
        yield opened


def ask(script: dict[str, Any], **more: Any) -> RunRequest:
    prompt = f"Find facts about tides. @@sim{json.dumps(script)}"
    return RunRequest(agent_id="agent-123", prompt=prompt, model_name="openai/gpt-4o-mini", **more)


def only(target: Target, *names: str) -> None:
    if target.name not in names:
        pytest.skip(f"a trap of {', '.join(names)}")


def requests_of(suna: SimulatedSuna) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = suna.get("ledger")["entries"]
    return entries


async def test_trap_3_a_start_is_never_optimistic_so_that_nothing_runs_unseen(client, target, suna):
    await begin(client, ask({"text": "x"}))
    (start,) = [entry for entry in requests_of(suna) if entry["operation"] == "agent.start"]
    assert set(start["body"]) == {"thread_id", "prompt", "agent_id", "model_name"}


async def test_trap_8_the_limit_of_parallel_runs_is_a_402_that_is_waited_for(client, target, suna):
    suna.set_options(parallel_limit=1)
    first = await begin(client, ask({"hang": True}))
    await appear(client, first.run_id)
    with pytest.raises(Throttled) as caught:
        await begin(client, ask({"text": "x"}))
    assert (caught.value.status_code, caught.value.limit, caught.value.running) == (402, 1, 1)
    assert suna.starts() == 1


async def test_trap_9_a_suna_without_billing_refuses_nothing(client, target, suna):
    """And one with it does: what it refuses with a limit it takes without."""
    suna.set_options(parallel_limit=1)
    first = await begin(client, ask({"hang": True}))
    await appear(client, first.run_id)
    with pytest.raises(Throttled):
        await begin(client, ask({"text": "x"}))
    suna.set_options(parallel_limit=None)
    runs = [await begin(client, ask({"text": "x"})) for _ in range(5)]
    assert {(await follow(client, run.run_id)).status for run in runs} == {RunStatus.COMPLETED}
    await client.stop_run(first.run_id)


async def test_trap_10_nothing_is_asked_of_an_account(client, target, suna):
    """Runs belong to the account of the credential: no account is ever named, so that none can be wrong."""
    run = await begin(client, ask({"text": "x"}))
    await follow(client, run.run_id)
    await client.list_agents()
    sent = requests_of(suna)
    assert len(sent) > 4
    assert not [one for one in sent if "account" in f"{one['path']} {one['query']} {one['body']}".lower()]


async def test_trap_11_no_thread_is_read_by_itself_for_that_would_start_its_sandbox(client, target, suna):
    run = await begin(client, ask({"text": "x"}))
    await follow(client, run.run_id)
    await client.list_runs(run.place or "")
    await client.get_result(run.run_id, place=None)
    paths = {entry["path"] for entry in requests_of(suna) if entry["method"] == "GET"}
    assert f"/v1/threads/{run.place}" not in paths


async def test_trap_13_a_stream_that_fails_runs_or_loses_events_is_never_opened(client, target, suna):
    may_be_read = target.name == "2025-12/c1"
    assert client.hints.by_watching is may_be_read
    assert client.hints.by_list is True
    assert client.traits.live is (LiveSource.STREAM if may_be_read else LiveSource.ROWS)
    run = await begin(client, ask({"ask": "Which city?"}))
    await follow(client, run.run_id)
    await client.get_result(run.run_id, place=run.place)
    assert not [entry for entry in requests_of(suna) if entry["path"].endswith("/stream")]


async def test_trap_15_words_differ_from_version_to_version_and_decide_nothing(client, target, suna):
    with pytest.raises(NotFound) as caught:
        await client.get_run(MISSING)
    says = "Agent run not found" if target.name != "2025-12/c2" else "Worker run not found"
    assert caught.value.detail == f"404: {says}"


async def test_messages_are_asked_for_with_optimized_false(client, target, suna):
    run = await begin(client, ask({"text": "x"}))
    await follow(client, run.run_id)
    assert (await client.get_result(run.run_id, place=run.place)).responses
    reads = [entry for entry in requests_of(suna) if entry["path"].endswith("/messages")]
    assert [entry["query"] for entry in reads] == [{"order": "asc", "optimized": "false"}]


async def test_c1_replays_its_list_to_an_api_key_and_c2_and_d_start_nothing_for_one(target, suna):
    key = SunaCredential(api_key=SecretText(API_KEY))
    options = {"profile": target.profile, "learned": target.learned, "credential": key}
    async with client_to(target.url, **options) as client:
        if target.name != "2025-12/c1":
            with pytest.raises(Denied):
                await client.prepare_run(ask({"text": "By key."}))
            assert suna.starts() == 0
            return
        run = await begin(client, ask({"text": "By key."}))
        await follow(client, run.run_id)
        assert (await client.get_result(run.run_id, place=run.place)).text == "By key."
    asked = [(one["operation"], one["status"]) for one in requests_of(suna)]
    # The rows are closed to a key, and the stream is not.
    assert ("messages.list", 403) in asked
    assert ("run.stream", 200) in asked


async def test_which_build_of_december_it_is_is_seen_and_where_hidden_the_later_is_assumed(target, suna):
    found = await detect_profile(base_url=target.url, credential=bearer(TOKEN))
    assert found.profile == target.profile
    assert found.learned == (
        {"streams_safely": True, "live": "stream"} if target.name == "2025-12/c1" else {}
    )
    # What detection asks changes nothing.
    assert {entry["method"] for entry in requests_of(suna)} == {"GET"}
    assert suna.starts() == 0


async def test_end_after_a_failure_is_what_the_status_says(client, target, suna):
    run = await begin(client, ask({"fail": "no such model"}))
    view = await follow(client, run.run_id)
    assert view.status is RunStatus.FAILED
    assert view.error
    assert not view.doubtful


async def test_end_by_a_stop_is_what_the_status_says_though_no_stream_tells_it(client, target, suna):
    run = await begin(client, ask({"hang": True}))
    await stop(client, run.run_id)
    assert (await follow(client, run.run_id)).status is RunStatus.STOPPED


async def test_a_thread_limit_at_the_making_of_a_thread_is_a_500_that_means_the_plan(client, target, suna):
    suna.set_options(thread_limit=1)

    async def make_threads() -> None:
        # The first over the limit may be let through, as long as nothing is counted yet (§9.13).
        for _ in range(3):
            await client.prepare_run(ask({"text": "x"}))

    with pytest.raises(Denied) as caught:
        await make_threads()
    assert caught.value.status_code == 500


async def test_9_11_a_run_that_is_not_written_down_yet_is_a_404_and_so_is_its_stop(client, target, suna):
    only(target, "2026-01")
    suna.set_options(times={"pending_s": 1.0})
    run = await begin(client, ask({"hang": True}))
    for call in (client.get_run(run.run_id), client.stop_run(run.run_id)):
        with pytest.raises(NotFound):
            await call
    assert client.traits.run_appears_within_s == 60
    assert (await appear(client, run.run_id)).status is RunStatus.RUNNING
    await client.stop_run(run.run_id)


async def test_9_11_a_start_in_doubt_is_found_though_its_run_is_pending(client, target, suna):
    only(target, "2026-01")
    suna.set_options(times={"pending_s": 0.5})
    suna.fail("agent.start", kind="drop", when="after")
    place = await client.prepare_run(ask({"text": "x"}))
    with pytest.raises(StartUncertain):
        await client.start_run(ask({"text": "x"}), place=place)
    assert len(await list_run_ids(client, target, place, expected=1)) == 1


async def test_9_12_an_agent_that_is_not_there_is_rejected_before_a_run_that_nobody_sees(
    client, target, suna
):
    for agent_id in (MISSING, "no-uuid-at-all"):
        request = RunRequest(agent_id=agent_id, prompt="Hello.", model_name="m")
        with pytest.raises(Rejected):
            await client.prepare_run(request)
        # Also where the thread was made before the agent vanished.
        place = await client.prepare_run(ask({"text": "x"}))
        with pytest.raises(Rejected):
            await client.start_run(request, place=place)
    assert suna.starts() == 0


async def test_9_26_the_end_that_a_reader_writes_into_a_run_is_doubtful_and_taken_back(client, target, suna):
    only(target, "2026-01")
    suna.set_options(times={"silence_s": 0.2})
    run = await begin(client, ask({"takes": 5, "text": "ok"}))
    await appear(client, run.run_id)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(read_from, f"{suna.url}/v1/agent-run/{run.run_id}/stream?last_id=9999999999999-0")
    failed = await client.get_run(run.run_id)
    assert (failed.status, failed.doubtful) == (RunStatus.FAILED, True)
    (listed,) = await client.list_runs(run.place or "")
    assert listed.doubtful
    assert await settled(client, run) is RunStatus.COMPLETED


def read_from(url: str) -> None:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as stream:  # noqa: S310 - the loopback
        assert b"Worker timeout" in stream.read()


async def settled(client: SunaClient, run: RunView) -> RunStatus:
    async with asyncio.timeout(10):
        while (view := await client.get_run(run.run_id)).doubtful:
            await asyncio.sleep(0.05)
    return view.status


async def test_rows_come_late_and_a_thread_that_is_not_there_yet_tells_nothing(client, target, suna):
    only(target, "2026-01")
    suna.set_options(times={"pending_s": 2.0})
    assert client.traits.rows_follow_within_s == 6
    run = await begin(client, ask({"text": "x"}))
    result = await client.get_result(run.run_id, place=run.place)
    assert (result.text, result.usage_complete) == (None, False)
    await follow(client, run.run_id)
    async with asyncio.timeout(10):
        while not (result := await client.get_result(run.run_id, place=run.place)).usage_complete:
            await asyncio.sleep(0.05)
    assert result.text


async def test_credits_that_run_out_end_a_run_as_stopped(client, target, suna):
    run = await begin(client, ask({"stopped": "insufficient_credits"}))
    assert (await follow(client, run.run_id)).status is RunStatus.STOPPED
