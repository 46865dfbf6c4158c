"""Which version of Suna has which routes, as pure judgement (suna-contract §7.2)."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from executions.agent_service import BadResponse, LiveSource
from executions.suna.wire.call import Answer
from executions.suna.wire.values import Json, find_object, parse_object

REWRITTEN = "this is the rewritten Suna (sessions instead of threads), which Renum does not speak yet"
NO_SUNA = "no Suna answers at this address"
WEB_SITE = "web pages answer at this address, not Suna's API; its backend may have an address of its own"
GUARDED = "a guard before this address lets browsers pass and no programs; Renum has to be let through there"

V1_START = "/v1/agent/start"
V1_RUN_STATUS = "/v1/agent-runs/{}/status"
API_START = "/api/agent/start"
THREAD_START = "/api/thread/{}/agent/start"
THREADS = "/api/threads"
RESULTS = "/api/agent-run/{}/results"
ACTIVE_RUNS = "/api/agent-runs/active"
SESSIONS = "/v1/projects/{}/sessions"
PROJECTS = "/v1/projects"

STARTS = (V1_START, API_START, THREAD_START)
"""Every Suna has one of them and no other."""

_SIGNS = (
    (V1_START, V1_RUN_STATUS, "2026-01"),
    (V1_START, None, "2025-12"),
    (API_START, None, "2025-10"),
    (THREAD_START, RESULTS, "seed"),
    (THREAD_START, THREADS, "2025-08"),
    (THREAD_START, None, "2025-07"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What was found. Either `profile` is one that is spoken, or `refused_because` says why there is none.

    `evidence` lists what it rests on, in the order in which it was seen. `learned` is what this build can do
    beyond what its profile promises, as `read_learned` takes it.
    """

    profile: str | None
    evidence: tuple[str, ...]
    refused_because: str | None = None
    learned: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The routes of a Suna; the names of parameters are `{}` in them.

    `start_is_optimistic` tells whether the start takes the field `optimistic`; None where that is not known.
    """

    paths: Collection[str]
    start_is_optimistic: bool | None = None


def read_routes(answer: Answer) -> Routes | None:
    """Return the routes of an OpenAPI document, or None where the answer is not one."""
    if not answer.is_success:
        return None
    try:
        document = parse_object(answer.body)
    except BadResponse:
        return None
    paths = find_object(document, "paths")
    if not paths:
        return None
    return Routes(
        paths=frozenset(re.sub(r"\{[^}]*\}", "{}", path) for path in paths),
        start_is_optimistic=_find_optimistic(document),
    )


def judge_routes(routes: Routes, *, evidence: tuple[str, ...] = ()) -> Detection:
    """Return which version has these routes."""
    paths = routes.paths
    for first, second, version in _SIGNS:
        if first in paths and (second is None or second in paths):
            telling = (first, second, ACTIVE_RUNS if ACTIVE_RUNS in paths else None)
            seen = tuple(f"route {route}" for route in telling if route is not None)
            return _learn(Detection(profile=version, evidence=evidence or seen), routes)
    if SESSIONS in paths or PROJECTS in paths:
        return Detection(profile=None, evidence=evidence or (f"route {PROJECTS}",), refused_because=REWRITTEN)
    return Detection(profile=None, evidence=evidence or ("no known route",), refused_because=NO_SUNA)


def _learn(found: Detection, routes: Routes) -> Detection:
    if found.profile == "2025-08" and ACTIVE_RUNS in routes.paths:
        return replace(found, learned={"lists_active_runs": True})
    if found.profile == "2025-12" and routes.start_is_optimistic is False:
        # The stream became one that reading trims on 23 December 2025, four days after the start came to
        # take `optimistic`: without it, the stream is a list (suna-contract §1, §3.3).
        return replace(
            found,
            evidence=(*found.evidence, "the start takes no `optimistic`"),
            learned={"streams_safely": True, "live": LiveSource.STREAM.value},
        )
    return found


def _find_optimistic(document: Mapping[str, Json]) -> bool | None:
    """Tell whether the form of the start under /v1 has the field; None where its schema cannot be found."""
    content = find_object(document, "paths", V1_START, "post", "requestBody", "content")
    for media_type in content:
        schema = find_object(content, media_type, "schema")
        reference = schema.get("$ref")
        if isinstance(reference, str):
            schema = find_object(document, *reference.removeprefix("#/").split("/"))
        fields = find_object(schema, "properties")
        if fields:
            return "optimistic" in fields
    return None
