"""One contract for every Suna: the simulator in each profile and, where SUNA_CONTRACT_URL is set, a real one.

The runs of a real one cost money: only the tests that script nothing use it. How to name it: `targets`.
"""

import asyncio
import hashlib
import json
import os

import pytest

from executions.agent_service import (
    CredentialRefused,
    Denied,
    NotFound,
    Rejected,
    RunRequest,
    RunStatus,
    SecretText,
)
from executions.suna.credential import SunaCredential
from executions.suna.detect import detect_profile
from tests.contract.clients import TOKEN, bearer, client_to
from tests.contract.contract_steps import begin, finish, follow, list_run_ids, patience_s, stop
from tests.contract.targets import API_KEY, NO_REAL, REAL, TARGETS

MISSING = "00000000-0000-0000-0000-000000000000"
KEY = "sk-CANARY-7c0ffee5"


def test_a_real_suna_keeps_the_contract_too():
    if REAL not in TARGETS:
        pytest.skip(NO_REAL)
    assert os.environ["SUNA_CONTRACT_TOKEN"]


async def test_the_profile_is_detected(suna):
    found = await detect_profile(base_url=suna.url, credential=bearer(suna.token))
    assert (found.profile, found.refused_because) == (suna.profile, None)


async def test_a_run_that_is_watched_tells_its_end_or_closes(client, suna):
    """The hint alone is in the contract; the status may follow half a second later."""
    if not client.hints.by_watching:
        pytest.skip("this version has no stream that may be read")
    run = await begin(client, suna.request("Say one sentence about tides."))
    heard: list[int] = []
    async with asyncio.timeout(6 * patience_s(suna)):
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
    if place is None:
        assert not client.traits.finds_starts
    else:
        assert await client.list_runs(place) == ()
    run = await client.start_run(request, place=place)
    assert (run.place, run.status) == (place or run.place, RunStatus.RUNNING)
    place = run.place
    assert place
    view = await follow(client, run.run_id)
    assert (view.run_id, view.place, view.status) == (run.run_id, place, RunStatus.COMPLETED)
    assert [listed.run_id for listed in await client.list_runs(place)] == [run.run_id]
    result = await client.get_result(run.run_id, place=place)
    assert result.text
    # Where Suna tells nobody what was used, that is said, and not taken for nothing.
    reports = client.capabilities.reports_usage
    assert (result.asked, result.error, result.usage_complete) == (False, None, reports)
    for response in result.responses:
        assert response.source_id
        assert response.tokens_input
        assert response.tokens_output
    assert bool(result.responses) is reports
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
    # Where a start makes its own place, it takes none.
    with pytest.raises(NotFound if client.capabilities.makes_threads else Rejected):
        await client.start_run(suna.request("Hello."), place=MISSING)


async def test_a_wrong_credential_is_refused(suna):
    async with client_to(suna.url, profile=suna.profile, credential=bearer("not-a-token")) as client:
        with pytest.raises(CredentialRefused):
            await begin(client, suna.request("Hello."))


async def test_a_run_that_is_stopped_is_stopped(client, suna):
    run = await begin(client, suna.request('Count slowly from 1 to 2000. @@sim{"hang": true}'))
    await stop(client, run.run_id)
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
        assert result.asked is client.capabilities.tells_questions is (suna.profile != "seed")

    async def test_tokens_and_model_of_each_response_are_read_once(self, client, suna):
        script = {"text": "x", "responses": 3, "tokens": [1200, 340], "model": "openai/gpt-4o"}
        _, result = await finish(client, suna, script)
        if not client.capabilities.reports_usage:
            assert (result.responses, result.usage_complete) == ((), False)
            return
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
        first = await client.start_run(request, place=place)
        await asyncio.sleep(0.01)
        second = await client.start_run(request, place=place)
        found = await list_run_ids(client, suna, place, expected=2)
        assert found == [second.run_id, first.run_id]

    async def test_a_missing_agent_is_rejected_and_makes_no_run(self, client, suna):
        request = RunRequest(agent_id=MISSING, prompt="Hello.", model_name="openai/gpt-4o")
        # By the start, by what is there after it, or because it was looked up before.
        with pytest.raises(Rejected):
            await begin(client, request)
        assert suna.simulated is not None
        assert suna.simulated.starts() == 0

    async def test_keys_reach_suna_in_the_start_only_and_only_if_the_connection_sends_them(self, suna):
        assert suna.simulated is not None
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        for sends in (False, True):
            async with client_to(
                suna.url, profile=suna.profile, learned=suna.learned, sends_user_keys=sends
            ) as client:
                run = await begin(client, suna.request("Hello.", user_keys={"openai": SecretText(KEY)}))
                await follow(client, run.run_id)
                await client.get_result(run.run_id, place=run.place)
            seen = suna.simulated.get(f"keys-seen?sha256={digest}")["seen"]
            assert [row["operation"] for row in seen] == (["agent.start"] if sends else [])
        assert KEY not in json.dumps(suna.simulated.get("ledger"))


async def test_an_api_key_logs_in_too_where_it_can_read_what_a_run_leaves(suna, simulated):
    if suna.profile in ("seed", "2025-07"):
        pytest.skip("the bearer token is the only credential there")
    known = SunaCredential(api_key=SecretText(API_KEY))
    async with client_to(
        simulated.url, profile=suna.profile, learned=suna.learned, credential=known
    ) as client:
        request = suna.request("Say one sentence about tides.")
        if client.capabilities.rows_need_jwt and not client.capabilities.streams_safely:
            with pytest.raises(Denied, match="JWT"):
                await begin(client, request)
            assert simulated.starts() == 0
            return
        run = await begin(client, request)
        assert (await follow(client, run.run_id)).status == RunStatus.COMPLETED
        assert (await client.get_result(run.run_id, place=run.place)).text


async def test_a_wrong_api_key_is_refused_beside_a_good_bearer(suna, simulated):
    if suna.profile in ("seed", "2025-07"):
        pytest.skip("the bearer token is the only credential there")
    unknown = SunaCredential(api_key=SecretText("pk_other:sk_other"), bearer=SecretText(TOKEN))
    async with client_to(simulated.url, profile=suna.profile, credential=unknown) as client:
        with pytest.raises(CredentialRefused):
            await client.get_run(MISSING)
