"""Which Suna is found at an address, from recorded routes and from probing, without changing anything."""

import asyncio
from collections.abc import Collection

import pytest

from executions.agent_service import CredentialRefused, RedirectRefused, Unavailable
from executions.suna.detect import NO_SUNA, REWRITTEN, Detection, detect_profile
from tests.contract.clients import bearer
from tests.contract.raw_server import RawServer, Request, Respond, always, answer, json_answer, serve
from tests.contract.recordings import load_routes

SEED_ROUTES = (
    "/api/threads",
    "/api/thread/{thread_id}/agent/start",
    "/api/agent-run/{agent_run_id}",
    "/api/agent-run/{agent_run_id}/results",
)
POST_ONLY = ("/agent/start", "/agent/initiate")
VERSIONS = [
    ("2025-07", "2025-07", None),
    ("2025-08", "2025-08", None),
    ("2025-08-b2", "2025-08", None),
    ("2025-10", "2025-10", None),
    ("2025-12", None, "2025-12"),
    ("2025-12-c2", None, "2025-12"),
    ("2026-01", None, "2026-01"),
]


def with_routes(routes: Collection[str], *, shows_openapi: bool, logged_in: bool = False) -> Respond:
    """Return a responder that behaves as FastAPI does with these routes."""

    def is_route(path: str) -> str | None:
        for route in routes:
            parts, asked = route.split("/"), path.split("/")
            if len(parts) == len(asked) and all(
                part.startswith("{") or part == given for part, given in zip(parts, asked, strict=True)
            ):
                return route
        return None

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        route = is_route(request.path)
        if request.path == "/openapi.json" and shows_openapi:
            payload = json_answer(200, {"info": {}, "paths": {route: {} for route in routes}})
        elif route is None:
            payload = json_answer(404, {"detail": "Not Found"})
        elif route.endswith(POST_ONLY):
            payload = json_answer(405, {"detail": "Method Not Allowed"})
        elif "{" in route and logged_in:
            payload = json_answer(404, {"detail": "Agent run not found"})
        else:
            payload = json_answer(200 if logged_in else 401, {"detail": "No valid credentials"})
        writer.write(payload)

    return respond


async def detect(respond: Respond) -> tuple[Detection, RawServer]:
    async with serve(respond) as server:
        return await detect_profile(base_url=server.url, credential=bearer(), call_deadline_s=3), server


def check_nothing_was_changed(server: RawServer) -> None:
    assert {(request.method, request.body) for request in server.requests} == {("GET", b"")}


@pytest.mark.parametrize("shows_openapi", [True, False])
@pytest.mark.parametrize("logged_in", [True, False])
@pytest.mark.parametrize(("recording", "profile", "named"), VERSIONS)
async def test_each_version_is_told_from_the_others(recording, profile, named, shows_openapi, logged_in):
    routes = load_routes(recording)
    found, server = await detect(with_routes(routes, shows_openapi=shows_openapi, logged_in=logged_in))
    assert found.profile == profile
    assert found.evidence
    if named is None:
        assert found.refused_because is None
    else:
        assert found.refused_because == f"this is Suna {named}: known, but not spoken yet by Renum"
    # Where the routes are hidden and the door is closed, nobody can tell. From 2025-10 on the profile does.
    told_by = {"2025-08-b2": shows_openapi or logged_in, "2025-10": shows_openapi}
    assert found.lists_active_runs == told_by.get(recording, False)
    check_nothing_was_changed(server)


@pytest.mark.parametrize("shows_openapi", [True, False])
@pytest.mark.parametrize("logged_in", [True, False])
async def test_the_documents_own_contract_is_known_by_its_results(shows_openapi, logged_in):
    found, server = await detect(with_routes(SEED_ROUTES, shows_openapi=shows_openapi, logged_in=logged_in))
    assert (found.profile, found.refused_because) == ("seed", None)
    check_nothing_was_changed(server)


async def test_the_rewritten_suna_is_refused_in_clear_words():
    routes = ("/v1/projects", "/v1/projects/{p}/sessions")
    found, _ = await detect(with_routes(routes, shows_openapi=True))
    assert (found.profile, found.refused_because) == (None, REWRITTEN)
    found, _ = await detect(with_routes(routes, shows_openapi=False))
    assert (found.profile, found.refused_because) == (None, REWRITTEN)


@pytest.mark.parametrize(
    "payload",
    [
        answer(404, b"404 Not Found", content_type="text/plain"),
        answer(200, b"<!doctype html>", content_type="text/html"),
        json_answer(200, {"paths": {}}),
        json_answer(200, {"paths": ["/api/threads"]}),
    ],
)
async def test_what_is_no_suna_is_called_so(payload):
    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        missing = answer(404, b"404 Not Found", content_type="text/plain")
        writer.write(payload if request.path == "/openapi.json" else missing)

    found, server = await detect(respond)
    assert (found.profile, found.refused_because) == (None, NO_SUNA)
    check_nothing_was_changed(server)


async def test_an_address_that_is_closed_to_the_credential_is_no_verdict():
    with pytest.raises(CredentialRefused):
        await detect(always(json_answer(401, {"detail": "who are you"})))


async def test_an_address_that_points_elsewhere_or_is_silent_is_no_verdict():
    with pytest.raises(RedirectRefused):
        await detect(always(answer(302, b"", headers={"Location": "http://127.0.0.1:1/"})))
    with pytest.raises(Unavailable):
        await detect_profile(base_url="http://127.0.0.1:1", credential=bearer(), call_deadline_s=3)
