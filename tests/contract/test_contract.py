"""One contract for every Suna: the simulator in each profile and, where SUNA_CONTRACT_URL is set, a real one.

The runs of a real one cost money: only the tests that script nothing use it. How to name it: `targets`.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from executions.agent_service import (
    CredentialRefused,
    Denied,
    NotFound,
    PaymentRequired,
    RedirectRefused,
    Rejected,
    ResponseTooLarge,
    RunRequest,
    RunResult,
    RunStatus,
    RunView,
    SecretText,
    StartUncertain,
    Throttled,
    Unavailable,
)
from executions.suna.client import SunaClient
from executions.suna.credential import SunaCredential
from executions.suna.detect import detect_profile
from tests.contract.clients import TOKEN, bearer, client_to
from tests.contract.simulated_suna import SimulatedSuna
from tests.contract.targets import API_KEY, TARGETS, Target, open_target

MISSING = "00000000-0000-0000-0000-000000000000"
KEY = "sk-CANARY-7c0ffee5"
PATIENCE_S = {"real": 300.0}


@pytest.fixture(scope="session", params=TARGETS)
def any_target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with open_target(str(request.param), folder=tmp_path_factory.mktemp("suna")) as target:
        yield target


@pytest.fixture
def suna(any_target: Target) -> Target:
    if any_target.simulated is not None:
        any_target.simulated.reset()
    return any_target


@pytest.fixture
def simulated(suna: Target) -> SimulatedSuna:
    if suna.simulated is None:
        pytest.skip("scripts agents and faults, which a real Suna cannot do")
    return suna.simulated


@pytest.fixture(params=["aiohttp", "httpx"])
async def client(suna: Target, request: pytest.FixtureRequest) -> AsyncIterator[SunaClient]:
    patience_s = PATIENCE_S.get(suna.name, 5.0)
    async with client_to(
        suna.url,
        profile=suna.profile,
        credential=bearer(suna.token),
        transport=request.param,
        call_deadline_s=patience_s,
        start_deadline_s=patience_s,
        prepare_deadline_s=patience_s,
    ) as opened:
        yield opened


async def begin(client: SunaClient, request: RunRequest) -> RunView:
    return await client.start_run(request, place=await client.prepare_run(request))


async def list_runs(client: SunaClient, place: str | None) -> tuple[RunView, ...]:
    """Return the runs of a place; none where only a start makes one."""
    return () if place is None else await client.list_runs(place)


async def follow(client: SunaClient, run_id: str, *, within_s: float = 300.0) -> RunView:
    async with asyncio.timeout(within_s):
        while (view := await client.get_run(run_id)).status == RunStatus.RUNNING:
            await asyncio.sleep(0.02)
    return view


async def finish(client: SunaClient, suna: Target, script: dict[str, Any]) -> tuple[RunView, RunResult]:
    run = await begin(client, suna.request(f"Find facts about tides. @@sim{json.dumps(script)}"))
    view = await follow(client, run.run_id)
    return view, await client.get_result(run.run_id, place=run.place)


async def test_the_profile_is_detected(suna):
    found = await detect_profile(base_url=suna.url, credential=bearer(suna.token))
    assert (found.profile, found.refused_because) == (suna.profile, None)


async def test_a_run_that_is_watched_tells_its_end_or_closes(client, suna):
    """The hint alone is in the contract; the status may follow half a second later."""
    if not client.hints.by_watching:
        pytest.skip("this version has no stream that may be read")
    run = await begin(client, suna.request("Say one sentence about tides."))
    heard: list[int] = []
    async with asyncio.timeout(PATIENCE_S.get(suna.name, 30.0)):
        assert await client.watch_run(run.run_id, heard=heard.append)
    view = await follow(client, run.run_id)
    assert (heard[0], sum(heard) > 0, view.status) == (0, True, RunStatus.COMPLETED)


async def test_the_catalogue_holds_the_agent_and_a_missing_one_is_not_found(client, suna):
    agent = await client.get_agent(suna.agent_id)
    assert agent.agent_id == suna.agent_id
    assert agent.name
    assert suna.agent_id in [listed.agent_id for listed in await client.list_agents()]
    with pytest.raises(NotFound):
        await client.get_agent(MISSING)


async def test_a_run_is_prepared_started_followed_and_read(client, suna):
    request = suna.request("Say one sentence about tides.")
    place = await client.prepare_run(request)
    assert await list_runs(client, place) == ()
    run = await client.start_run(request, place=place)
    assert (run.place, run.status) == (place or run.place, RunStatus.RUNNING)
    place = run.place
    assert place is not None
    view = await follow(client, run.run_id)
    assert (view.run_id, view.place, view.status) == (run.run_id, place, RunStatus.COMPLETED)
    assert [listed.run_id for listed in await client.list_runs(place)] == [run.run_id]
    result = await client.get_result(run.run_id, place=place)
    assert result.text
    assert (result.asked, result.error) == (False, None)
    # Unknown is not nothing: where no usage is told, it is not complete.
    assert result.usage_complete == client.capabilities.reports_usage
    for response in result.responses:
        assert response.source_id
        assert response.tokens_input
        assert response.tokens_output
    assert bool(result.responses) == client.capabilities.reports_usage
    assert await client.get_result(run.run_id, place=None) == result


async def test_what_is_missing_is_not_found(client):
    for call in (
        client.get_run(MISSING),
        client.list_runs(MISSING),
        client.stop_run(MISSING),
        client.get_result(MISSING, place=MISSING),
    ):
        with pytest.raises(NotFound):
            await call


async def test_a_start_in_a_missing_place_is_not_found(client, suna):
    # Where only a start makes a place, none can be named.
    with pytest.raises(NotFound if client.capabilities.makes_threads else Rejected):
        await client.start_run(suna.request("Hello."), place=MISSING)


async def test_a_wrong_credential_is_refused(suna):
    async with client_to(suna.url, profile=suna.profile, credential=bearer("not-a-token")) as client:
        with pytest.raises(CredentialRefused):
            await begin(client, suna.request("Hello."))


async def test_a_run_that_is_stopped_is_stopped(client, suna):
    run = await begin(client, suna.request('Count slowly from 1 to 2000. @@sim{"hang": true}'))
    await client.stop_run(run.run_id)
    assert (await follow(client, run.run_id)).status == RunStatus.STOPPED


@pytest.mark.usefixtures("simulated")
class TestScripted:
    async def test_the_answer_is_the_agents_text(self, client, suna):
        view, result = await finish(client, suna, {"text": 'Plain.\n```json\n{"a": 1}\n```'})
        assert view.status == RunStatus.COMPLETED
        assert (result.text, result.structured) == ('Plain.\n```json\n{"a": 1}\n```', None)

    async def test_the_answer_is_the_argument_of_complete(self, client, suna):
        _, result = await finish(client, suna, {"text": "Working.", "complete": "Tides follow the moon."})
        if suna.profile == "seed":
            # The document's contract has no tools.
            assert result.text
        else:
            assert result.text == "Tides follow the moon."
        assert result.asked is False

    async def test_a_question_is_told_from_an_answer(self, client, suna):
        view, result = await finish(client, suna, {"ask": "Which city?"})
        assert view.status == RunStatus.COMPLETED
        assert result.text is not None
        assert "Which city?" in result.text
        assert result.asked is (suna.profile != "seed")

    async def test_tokens_and_model_of_each_response_are_read_once(self, client, suna):
        if not client.capabilities.reports_usage:
            pytest.skip("this version tells no tokens")
        script = {"text": "x", "responses": 3, "tokens": [1200, 340], "model": "openai/gpt-4o"}
        _, result = await finish(client, suna, script)
        assert len({response.source_id for response in result.responses}) == 3
        assert {response.model for response in result.responses} == {"gpt-4o"}
        assert {response.provider for response in result.responses} == {"openai"}
        assert sum(response.tokens_input or 0 for response in result.responses) > 0
        if suna.simulated is not None:
            (run,) = suna.simulated.get("runs")["runs"]
            reported = [(row["input"], row["output"]) for row in run["responses"]]
            assert [(one.tokens_input, one.tokens_output) for one in result.responses] == reported

    async def test_a_refusing_model_fails_the_run_or_leaves_an_error_for_a_result(self, client, suna):
        view, result = await finish(client, suna, {"fail": "no such model"})
        if suna.name in ("2025-07", "2025-08/b1"):
            # Those builds end such a run as completed (suna-contract §2).
            assert (view.status, view.error) == (RunStatus.COMPLETED, None)
            assert "no such model" in (result.error or "")
        else:
            assert view.status == RunStatus.FAILED
            assert view.error
        assert result.text is None

    async def test_a_status_word_that_nobody_knows_is_unknown(self, client, suna):
        run = await begin(client, suna.request('Go. @@sim{"raw_status": "pondering", "takes": 0.01}'))
        view = await follow(client, run.run_id)
        assert (view.status, view.word) == (RunStatus.UNKNOWN, "pondering")

    async def test_a_structured_output_is_structured_where_the_contract_has_one(self, client, suna):
        _, result = await finish(client, suna, {"output": {"category": "technical"}})
        if suna.profile == "seed":
            assert result.structured == {"category": "technical"}
            assert json.loads(result.text or "") == {"category": "technical"}
        else:
            assert result.structured is None
            assert '{"category": "technical"}' in (result.text or "")

    async def test_two_starts_in_one_place_are_both_seen_newest_first(self, client, suna):
        request = suna.request("Hello.")
        place = await client.prepare_run(request)
        if place is None:
            pytest.skip("this version makes a place of its own for each start")
        first = await client.start_run(request, place=place)
        await asyncio.sleep(0.01)
        second = await client.start_run(request, place=place)
        assert [run.run_id for run in await client.list_runs(place)] == [second.run_id, first.run_id]

    async def test_a_missing_agent_is_rejected(self, client):
        request = RunRequest(agent_id=MISSING, prompt="Hello.", model_name="openai/gpt-4o")
        place = await client.prepare_run(request)
        # Later builds answer an uncaught 500, which proves nothing: the catalogue and the thread do.
        with pytest.raises(Rejected):
            await client.start_run(request, place=place)
        assert await list_runs(client, place) == ()

    async def test_keys_reach_suna_in_the_start_only_and_only_if_the_connection_sends_them(self, suna):
        assert suna.simulated is not None
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        for sends in (False, True):
            async with client_to(suna.url, profile=suna.profile, sends_user_keys=sends) as client:
                run = await begin(client, suna.request("Hello.", user_keys={"openai": SecretText(KEY)}))
                await follow(client, run.run_id)
                await client.get_result(run.run_id, place=run.place)
            seen = suna.simulated.get(f"keys-seen?sha256={digest}")["seen"]
            assert [row["operation"] for row in seen] == (["agent.start"] if sends else [])
        assert KEY not in json.dumps(suna.simulated.get("ledger"))


STARTS_IN_DOUBT = [
    {"kind": "error", "when": "after"},
    {"kind": "error", "when": "before"},
    {"kind": "drop", "when": "after"},
    {"kind": "drop", "when": "before"},
    {"kind": "html", "when": "after"},
    {"kind": "empty", "when": "after"},
    {"kind": "malformed", "when": "after"},
    {"kind": "wrong_types", "when": "after"},
    {"kind": "huge", "when": "after"},
    {"kind": "gzip_bomb", "when": "after"},
    {"kind": "status", "status": 503, "when": "after"},
]


@pytest.mark.parametrize("effect", STARTS_IN_DOUBT, ids=lambda effect: f"{effect['kind']}-{effect['when']}")
async def test_a_start_in_doubt_is_uncertain_and_the_look_up_finds_what_is_there(
    client, suna, simulated, effect
):
    request = suna.request("Hello.")
    place = await client.prepare_run(request)
    simulated.fail("agent.start", **effect)
    with pytest.raises(StartUncertain):
        await client.start_run(request, place=place)
    # A falsified answer is made of the real one, so that the run is there whatever `when` says.
    made = 1 if effect["when"] == "after" else 0
    assert simulated.starts() == made
    assert client.traits.finds_starts == (place is not None)
    if place is not None:
        assert len(await client.list_runs(place)) == made


async def test_a_start_that_hangs_is_uncertain_and_the_run_is_found(suna, simulated):
    async with client_to(suna.url, profile=suna.profile, start_deadline_s=0.3) as client:
        request = suna.request("Hello.")
        place = await client.prepare_run(request)
        simulated.fail("agent.start", kind="hang", when="after")
        with pytest.raises(StartUncertain):
            await client.start_run(request, place=place)
        assert simulated.starts() == 1
        if place is not None:
            assert len(await client.list_runs(place)) == 1


async def test_a_late_run_is_found_by_a_later_look_up(client, suna, simulated):
    request = suna.request("Hello.")
    place = await client.prepare_run(request)
    simulated.fail("agent.start", kind="late_run", seconds=0.3)
    with pytest.raises(StartUncertain):
        await client.start_run(request, place=place)
    assert await list_runs(client, place) == ()
    await asyncio.sleep(0.4)
    if place is not None:
        assert len(await client.list_runs(place)) == 1


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        ({"kind": "too_many"}, Throttled),
        ({"kind": "payment"}, PaymentRequired),
        ({"kind": "payment", "error_code": "INSUFFICIENT_CREDITS"}, PaymentRequired),
        ({"kind": "payment", "error_code": "AGENT_RUN_LIMIT_EXCEEDED"}, Throttled),
        ({"kind": "payment", "error_code": "MODEL_ACCESS_DENIED"}, Denied),
        ({"kind": "status", "status": 403}, Denied),
        ({"kind": "status", "status": 401}, CredentialRefused),
        ({"kind": "status", "status": 422}, Rejected),
        ({"kind": "redirect"}, RedirectRefused),
    ],
)
async def test_a_start_that_is_refused_has_made_no_run(client, suna, simulated, effect, error):
    request = suna.request("Hello.")
    place = await client.prepare_run(request)
    simulated.fail("agent.start", **effect)
    with pytest.raises(error):
        await client.start_run(request, place=place)
    assert await list_runs(client, place) == ()
    assert simulated.starts() == 0
    started = await client.start_run(request, place=place)
    assert started.place == (place or started.place)
    assert started.place


async def test_a_429_tells_how_long_to_wait(client, suna, simulated):
    request = suna.request("Hello.")
    place = await client.prepare_run(request)
    simulated.fail("agent.start", kind="too_many", retry_after="3")
    with pytest.raises(Throttled) as caught:
        await client.start_run(request, place=place)
    assert caught.value.retry_after_s == 3.0


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        ({"kind": "error"}, Unavailable),
        ({"kind": "drop"}, Unavailable),
        ({"kind": "status", "status": 502}, Unavailable),
        ({"kind": "vanish"}, NotFound),
        ({"kind": "huge"}, ResponseTooLarge),
        ({"kind": "gzip_bomb"}, ResponseTooLarge),
    ],
)
async def test_a_read_that_fails_can_be_repeated(client, suna, simulated, effect, error):
    run = await begin(client, suna.request('Hello. @@sim{"hang": true}'))
    # aiohttp by itself repeats a GET, once, whose kept connection is lost.
    simulated.fail("run.get", times=2 if effect["kind"] == "drop" else 1, **effect)
    try:
        with pytest.raises(error):
            await client.get_run(run.run_id)
        if effect["kind"] != "drop":
            assert (await client.get_run(run.run_id)).status == RunStatus.RUNNING
    finally:
        await client.stop_run(run.run_id)


async def test_an_api_key_logs_in_too_and_a_wrong_one_is_refused_beside_a_good_bearer(suna, simulated):
    if suna.profile in ("seed", "2025-07"):
        pytest.skip("this version has the bearer token only")
    known = SunaCredential(api_key=SecretText(API_KEY))
    unknown = SunaCredential(api_key=SecretText("pk_other:sk_other"), bearer=SecretText(TOKEN))
    async with client_to(simulated.url, profile=suna.profile, credential=known) as client:
        run = await begin(client, suna.request("Hello."))
        assert (await follow(client, run.run_id)).status == RunStatus.COMPLETED
        assert (await client.get_result(run.run_id, place=run.place)).text
    async with client_to(simulated.url, profile=suna.profile, credential=unknown) as client:
        with pytest.raises(CredentialRefused):
            await client.get_run(run.run_id)
