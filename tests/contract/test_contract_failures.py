"""The contract of starts and reads that go wrong, held against the simulator in every profile."""

import pytest

from executions.agent_service import (
    CredentialRefused,
    Denied,
    NotFound,
    PaymentRequired,
    RedirectRefused,
    Rejected,
    ResponseTooLarge,
    RunStatus,
    StartUncertain,
    Throttled,
    Unavailable,
)
from tests.contract.clients import client_to
from tests.contract.contract_steps import appear, begin, list_run_ids

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
    expected = 1 if effect["when"] == "after" else 0
    assert simulated.starts() == expected
    assert client.traits.finds_starts is (place is not None)
    assert len(await list_run_ids(client, suna, place, expected=expected)) == expected


async def test_a_start_that_hangs_is_uncertain_and_the_run_is_found(suna, simulated):
    short = {"start_deadline_s": 0.4, "prepare_deadline_s": 0.4}
    async with client_to(suna.url, profile=suna.profile, **short) as client:
        request = suna.request("Hello.")
        place = await client.prepare_run(request)
        simulated.fail("agent.start", kind="hang", when="after")
        with pytest.raises(StartUncertain):
            await client.start_run(request, place=place)
        assert len(await list_run_ids(client, suna, place, expected=1)) == 1


async def test_a_late_run_is_found_by_a_later_look_up(client, suna, simulated):
    request = suna.request("Hello.")
    place = await client.prepare_run(request)
    simulated.fail("agent.start", kind="late_run", until="look-up")
    with pytest.raises(StartUncertain):
        await client.start_run(request, place=place)
    assert await list_run_ids(client, suna, place, expected=0) == []
    simulated.release("look-up")
    assert len(await list_run_ids(client, suna, place, expected=1)) == 1


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
    assert await list_run_ids(client, suna, place, expected=0) == []
    assert simulated.starts() == 0
    started = await client.start_run(request, place=place)
    assert started.place == (place or started.place)


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
    await appear(client, run.run_id)
    # aiohttp by itself repeats a GET, once, whose kept connection is lost.
    simulated.fail("run.get", times=2 if effect["kind"] == "drop" else 1, **effect)
    try:
        with pytest.raises(error):
            await client.get_run(run.run_id)
        if effect["kind"] != "drop":
            assert (await client.get_run(run.run_id)).status == RunStatus.RUNNING
    finally:
        await client.stop_run(run.run_id)
