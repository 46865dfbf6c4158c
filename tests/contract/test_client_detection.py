"""Which Suna is found at an address, from recorded routes and from probing, without changing anything."""

import asyncio
import gzip
from collections.abc import Collection
from typing import Any

import pytest

from executions.agent_service import (
    CredentialRefused,
    Denied,
    RedirectRefused,
    SecretText,
    Throttled,
    Unavailable,
)
from executions.suna.credential import SunaCredential
from executions.suna.detect import GUARDED, NO_SUNA, REWRITTEN, WEB_SITE, Detection, detect_profile
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
VERSIONS = ["2025-07", "2025-08", "2025-08-b2", "2025-10", "2025-12", "2025-12-c2", "2026-01"]
OPTIMISTIC = {"2025-12": False, "2025-12-c2": True, "2026-01": True}


def check_found(found: Detection, recording: str) -> None:
    version = recording.removesuffix("-b2").removesuffix("-c2")
    assert (found.profile, found.refused_because) == (version, None)


def build_openapi(routes: Collection[str], *, optimistic: bool | None) -> dict[str, Any]:
    """Return an OpenAPI document as FastAPI makes it, with the form of the unified start where it is told."""
    document: dict[str, Any] = {"info": {}, "paths": {route: {} for route in routes}}
    if optimistic is not None:
        name = "Body_unified_agent_start_v1_agent_start_post"
        form = {"schema": {"$ref": f"#/components/schemas/{name}"}}
        document["paths"]["/v1/agent/start"] = {
            "post": {"requestBody": {"content": {"multipart/form-data": form}}}
        }
        fields = ["thread_id", "prompt", "model_name", "agent_id", *(["optimistic"] if optimistic else [])]
        document["components"] = {"schemas": {name: {"properties": {field: {} for field in fields}}}}
    return document


def with_routes(
    routes: Collection[str],
    *,
    openapi: Any = None,
    hidden: int = 404,
    logged_in: bool = False,
) -> Respond:
    """Return a responder that behaves as FastAPI does with these routes.

    Where `openapi` is None the list of routes is answered with the status `hidden`.
    """

    def find_route(path: str) -> str | None:
        for route in routes:
            parts, asked = route.split("/"), path.split("/")
            if len(parts) == len(asked) and all(
                part.startswith("{") or part == given for part, given in zip(parts, asked, strict=True)
            ):
                return route
        return None

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        route = find_route(request.path)
        if request.path == "/openapi.json":
            body = {"detail": "Not Found" if hidden == 404 else "closed"} if openapi is None else openapi
            payload = json_answer(hidden if openapi is None else 200, body)
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
        return await detect_profile(base_url=server.url, credential=bearer(), call_deadline_s=20), server


def check_nothing_was_changed(server: RawServer) -> None:
    assert {(request.method, request.body) for request in server.requests} == {("GET", b"")}


@pytest.mark.parametrize("logged_in", [True, False])
@pytest.mark.parametrize("recording", VERSIONS)
async def test_each_version_is_told_from_the_others_by_its_list_of_routes(recording, logged_in):
    routes = load_routes(recording)
    openapi = build_openapi(routes, optimistic=OPTIMISTIC.get(recording))
    found, server = await detect(with_routes(routes, openapi=openapi, logged_in=logged_in))
    check_found(found, recording)
    assert found.evidence
    learned = {
        "2025-08-b2": {"lists_active_runs": True},
        "2025-12": {"streams_safely": True, "live": "stream"},
    }
    assert found.learned == learned.get(recording, {})
    assert [request.path for request in server.requests] == ["/openapi.json"]
    check_nothing_was_changed(server)


@pytest.mark.parametrize("hidden", [404, 401, 403])
@pytest.mark.parametrize("logged_in", [True, False])
@pytest.mark.parametrize("recording", VERSIONS)
async def test_each_version_is_told_by_probing_where_its_routes_are_hidden(recording, logged_in, hidden):
    responder = with_routes(load_routes(recording), hidden=hidden, logged_in=logged_in)
    found, server = await detect(responder)
    check_found(found, recording)
    # What cannot be seen is not assumed: a 2025-12 counts as the later build, whose stream nobody may read.
    known = {"lists_active_runs": True} if recording == "2025-08-b2" and logged_in else {}
    assert found.learned == known
    check_nothing_was_changed(server)


async def test_a_2025_12_whose_schema_cannot_be_read_counts_as_the_one_whose_stream_nobody_may_read():
    routes = load_routes("2025-12")
    found, _ = await detect(with_routes(routes, openapi=build_openapi(routes, optimistic=None)))
    assert (found.profile, found.learned) == ("2025-12", {})


@pytest.mark.parametrize("shows_openapi", [True, False])
@pytest.mark.parametrize("logged_in", [True, False])
async def test_the_documents_own_contract_is_known_by_its_results(shows_openapi, logged_in):
    openapi = build_openapi(SEED_ROUTES, optimistic=None) if shows_openapi else None
    found, server = await detect(with_routes(SEED_ROUTES, openapi=openapi, logged_in=logged_in))
    assert (found.profile, found.refused_because) == ("seed", None)
    check_nothing_was_changed(server)


@pytest.mark.parametrize("only", ["bearer", "api_key"])
@pytest.mark.parametrize("recording", VERSIONS)
async def test_one_half_of_a_credential_is_enough_and_goes_along_alone(recording, only):
    secret = SecretText("pk_one:sk_two" if only == "api_key" else "a.jwt")
    credential = SunaCredential(**{only: secret})
    async with serve(with_routes(load_routes(recording))) as server:
        found = await detect_profile(base_url=server.url, credential=credential, call_deadline_s=20)
    check_found(found, recording)
    header, other = ("x-api-key", "authorization") if only == "api_key" else ("authorization", "x-api-key")
    assert all(header in request.headers and other not in request.headers for request in server.requests)


async def test_the_rewritten_suna_is_refused_in_clear_words():
    routes = ("/v1/projects", "/v1/projects/{p}/sessions")
    found, _ = await detect(with_routes(routes, openapi=build_openapi(routes, optimistic=None)))
    assert (found.profile, found.refused_because) == (None, REWRITTEN)
    found, _ = await detect(with_routes(routes))
    assert (found.profile, found.refused_because) == (None, REWRITTEN)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (answer(404, b"404 Not Found", content_type="text/plain"), NO_SUNA),
        (answer(200, b"<!doctype html>", content_type="text/html"), WEB_SITE),
        (json_answer(200, {"paths": {}}), NO_SUNA),
        (json_answer(200, {"paths": ["/api/threads"]}), NO_SUNA),
        (json_answer(200, {"paths": {"/pets": {}}}), NO_SUNA),
    ],
)
async def test_what_is_no_suna_is_called_so(payload, words):
    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        missing = answer(404, b"404 Not Found", content_type="text/plain")
        writer.write(payload if request.path == "/openapi.json" else missing)

    found, server = await detect(respond)
    assert (found.profile, found.refused_because) == (None, words)
    check_nothing_was_changed(server)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (answer(200, b"<!doctype html>", content_type="text/html; charset=utf-8"), WEB_SITE),
        (answer(404, b"<html>nginx</html>", content_type="text/html"), WEB_SITE),
        (answer(403, b"<html>", content_type="text/html", headers={"cf-mitigated": "challenge"}), GUARDED),
        (
            answer(200, b"<html>" * 10, content_type="text/html", headers={"cf-mitigated": "challenge"}),
            GUARDED,
        ),
        (answer(200, b"[]"), NO_SUNA),
        (json_answer(404, {"error": "no such thing"}), NO_SUNA),
    ],
)
async def test_what_answers_everything_alike_is_named_for_what_it_is(page, words):
    found, server = await detect(always(page))
    assert (found.profile, found.refused_because) == (None, words)
    check_nothing_was_changed(server)


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (answer(502, b"<html>bad gateway</html>", content_type="text/html"), Unavailable),
        (answer(503, b"<html>", content_type="text/html", headers={"cf-ray": "1"}), Unavailable),
        (json_answer(403, {"message": "Forbidden"}), Denied),
        (json_answer(429, {"detail": "slow down"}), Throttled),
    ],
)
async def test_what_only_keeps_from_seeing_is_no_verdict(payload, error):
    with pytest.raises(error):
        await detect(always(payload))


async def test_a_list_of_routes_that_is_too_long_to_read_is_done_without():
    hidden = with_routes(load_routes("2026-01"))
    bomb = gzip.compress(b" " * (17 * 1024 * 1024))

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/openapi.json":
            writer.write(answer(200, bomb, headers={"Content-Encoding": "gzip"}))
        else:
            await hidden(request, writer)

    found, _ = await detect(respond)
    assert found.profile == "2026-01"


async def test_an_address_that_is_closed_to_the_credential_is_no_verdict():
    with pytest.raises(CredentialRefused):
        await detect(always(json_answer(401, {"detail": "who are you"})))


async def test_an_address_that_points_elsewhere_or_is_silent_is_no_verdict():
    with pytest.raises(RedirectRefused):
        await detect(always(answer(302, b"", headers={"Location": "http://127.0.0.1:1/"})))
    with pytest.raises(Unavailable):
        await detect_profile(base_url="http://127.0.0.1:1", credential=bearer(), call_deadline_s=3)


def failing_at(part: str, failure: bytes, respond: Respond) -> Respond:
    """Return a responder that fails where a path holds a text, and else answers as another does."""

    async def answer_or_fail(request: Request, writer: asyncio.StreamWriter) -> None:
        if part in request.path:
            writer.write(failure)
        else:
            await respond(request, writer)

    return answer_or_fail


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (json_answer(429, {"detail": "slow down"}), Throttled),
        (answer(500, b"Internal Server Error", content_type="text/plain"), Unavailable),
        (answer(502, b"<html>bad gateway</html>", content_type="text/html"), Unavailable),
        (json_answer(503, {"detail": "restarting"}), Unavailable),
    ],
)
@pytest.mark.parametrize(
    ("recording", "route"),
    [
        ("2025-08", "/results"),
        ("2025-08", "/api/threads"),
        ("2025-08", "/agent/start"),
        ("2025-07", "/results"),
        ("2025-10", "/api/agent/start"),
        ("2025-12", "/v1/agent/start"),
        ("2026-01", "/status"),
        ("2026-01", "/openapi.json"),
    ],
)
@pytest.mark.parametrize("logged_in", [True, False])
async def test_a_single_route_that_fails_in_passing_is_no_verdict(
    recording, route, failure, error, logged_in
):
    respond = with_routes(load_routes(recording), logged_in=logged_in)
    with pytest.raises(error):
        await detect(failing_at(route, failure, respond))


@pytest.mark.parametrize(("recording", "route"), [("2025-08", "/api/threads"), ("2026-01", "/status")])
async def test_a_page_in_the_place_of_one_answer_is_no_verdict(recording, route):
    page = answer(200, b"<html>sign in</html>", content_type="text/html")
    with pytest.raises(Unavailable):
        await detect(failing_at(route, page, with_routes(load_routes(recording), logged_in=True)))


async def test_a_list_of_routes_that_fails_once_is_asked_for_again():
    respond, failures = (
        with_routes(load_routes("2026-01"), openapi=build_openapi(load_routes("2026-01"), optimistic=True)),
        [1],
    )

    async def fail_once(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/openapi.json" and failures:
            failures.pop()
            writer.write(json_answer(503, {"detail": "restarting"}))
        else:
            await respond(request, writer)

    found, server = await detect(fail_once)
    assert found.profile == "2026-01"
    assert [request.path for request in server.requests] == ["/openapi.json"] * 2


async def test_an_account_with_many_threads_is_asked_for_one_and_too_many_are_there_too():
    hidden = with_routes(load_routes("2025-08"), logged_in=True)
    bomb = answer(200, gzip.compress(b" " * (17 * 1024 * 1024)), headers={"Content-Encoding": "gzip"})
    found, server = await detect(failing_at("/api/threads", bomb, hidden))
    assert found.profile == "2025-08"
    assert "/api/threads?limit=1" in [request.target for request in server.requests]


async def test_pages_of_a_web_site_around_the_api_hide_nothing():
    """A proxy that leads /api alone to Suna: a start is there once, so that the others cannot be."""
    page = answer(200, b"<!doctype html>", content_type="text/html")
    site = failing_at("/v1", page, with_routes(load_routes("2025-08")))
    found, _ = await detect(failing_at("/openapi.json", page, site))
    assert found.profile == "2025-08"
