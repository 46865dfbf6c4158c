"""The simulator against the answers recorded from c1, c2 and d: status, media type, headers, shape, order."""

import json
from typing import Any

import httpx
import pytest

from tests.contract.simulator.recorded_native import NATIVE_VERSIONS, PING, TIMES, play_native
from tests.contract.simulator.recorded_shapes import events_of, shape
from tests.contract.simulator.recorded_versions import RECORDED, Version
from tests.contract.simulator.simulator_server import running_simulator


def cases(suffix: str) -> list[Any]:
    return [
        pytest.param(version, path.stem, id=f"{version.name}-{path.stem}")
        for version in NATIVE_VERSIONS
        for path in version.recorded()
        if path.suffix == suffix
    ]


EACH_VERSION = pytest.mark.parametrize(
    "version", [pytest.param(version, id=version.name) for version in NATIVE_VERSIONS]
)


@pytest.fixture(scope="module")
def played_by_version() -> dict[str, dict[str, Any]]:
    return {}


@pytest.fixture
def played(version: Version, played_by_version: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if version.name not in played_by_version:
        options = {"profile": version.profile, "variant": version.variant, "times": TIMES}
        with running_simulator(**options, strict_agents=True, tokens=("good-token",)) as simulated:
            played_by_version[version.name] = play_native(simulated, version)
    return played_by_version[version.name]


@EACH_VERSION
def test_every_recorded_answer_is_played(version: Version, played: dict[str, Any]) -> None:
    assert {path.stem for path in version.recorded()} == set(played)


@pytest.mark.parametrize(("version", "name"), cases(".json"))
def test_answer_has_the_recorded_status_type_and_shape(
    version: Version, name: str, played: dict[str, Any]
) -> None:
    recorded = json.loads((RECORDED / version.folder / f"{name}.json").read_text())
    answer: httpx.Response = played[name.replace("-early", "-final") if name in version.late else name]

    assert answer.status_code == recorded["status"]
    assert answer.headers["content-type"] == recorded["content_type"]
    for header, value in recorded["headers"].items():
        assert answer.headers[header] == value
    body = answer.json()
    if name == "agents-list":
        # The recorded account has one agent; ours stands among others, newest first.
        body["agents"] = body["agents"][:1]
    assert shape(body) == shape(recorded["body"])
    for said, expected in zip(_facts_of(body), _facts_of(recorded["body"]), strict=True):
        assert said == expected


def _facts_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the texts in which versions differ: those of an answer, or of each run in it."""
    return [
        {name: row[name] for name in ("detail", "status", "error") if isinstance(row.get(name), str)}
        for row in body.get("agent_runs", [body])
    ]


@pytest.mark.parametrize(("version", "name"), cases(".sse"))
def test_stream_has_the_recorded_events_in_order(version: Version, name: str, played: dict[str, Any]) -> None:
    recorded = events_of((RECORDED / version.folder / f"{name}.sse").read_text())
    events = played[name]
    if PING not in recorded:
        # Between two events of a busy machine there is time for one.
        events = [event for event in events if event != PING]

    assert [kind_of(event) for event in events] == [kind_of(event) for event in recorded]
    for event, expected in zip(events, recorded, strict=True):
        assert set(event) == set(expected)
        if "message_id" in event and event["message_id"] is None and event["type"] == "assistant":
            assert _chunk_facts(event) == _chunk_facts(expected)
        else:
            assert shape(event) == shape(expected)


def _chunk_facts(event: dict[str, Any]) -> Any:
    """Return the shape of a chunk, whose pieces of text may look like anything, also like half of a JSON."""
    metadata = json.loads(event["metadata"])
    calls = [
        {name: type(value).__name__ for name, value in call.items()}
        for call in metadata.pop("tool_calls", [])
    ]
    return set(json.loads(event["content"])), shape(metadata), calls, event["sequence"]


def kind_of(event: dict[str, Any]) -> str:
    """Return what an event is and says of the run, without what is another in each run."""
    if "content" not in event:
        words = (event["type"], event.get("status"), event.get("message"), event.get("stage"))
        return " ".join(str(word) for word in words if word)
    content, metadata = json.loads(event["content"]), json.loads(event["metadata"])
    words = (event["type"], content.get("status_type"), metadata.get("stream_status"))
    return " ".join(str(word) for word in words if word)


@EACH_VERSION
def test_openapi_has_the_recorded_routes(version: Version) -> None:
    recorded = json.loads((RECORDED / version.folder / "openapi-paths.json").read_text())
    with running_simulator(profile=version.profile, variant=version.variant) as simulated:
        document = httpx.get(f"{simulated.url}/openapi.json").json()

    assert {path: sorted(methods) for path, methods in document["paths"].items()} == {
        path: sorted(methods) for path, methods in recorded["paths"].items()
    }
    assert document["info"] == recorded["info"]
