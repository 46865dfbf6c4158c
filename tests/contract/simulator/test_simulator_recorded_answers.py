"""The simulator against the answers recorded from Suna's own code: status, media type, headers, shape."""

import json

import httpx
import pytest

from tests.contract.simulator.recorded_native import NATIVE_VERSIONS
from tests.contract.simulator.recorded_shapes import events_of, kind_of, shape
from tests.contract.simulator.recorded_versions import (
    CASES,
    RECORDED,
    VERSIONS,
    Played,
    Version,
    play_everything,
)
from tests.contract.simulator.simulator_server import running_simulator

ANSWERS = [
    pytest.param(version, path.stem, id=f"{version.name}-{path.stem}")
    for version in VERSIONS
    for path in version.recorded()
    if path.suffix == ".json"
]
STREAMS = [
    pytest.param(version, path.stem, id=f"{version.name}-{path.stem}")
    for version in VERSIONS
    for path in version.recorded()
    if path.suffix == ".sse"
]


def test_every_folder_of_recordings_is_a_version_that_is_played() -> None:
    folders = {path.name for path in RECORDED.iterdir() if path.is_dir()}

    assert {version.folder for version in (*VERSIONS, *NATIVE_VERSIONS)} == folders


@pytest.fixture(scope="module")
def played_by_version() -> dict[str, Played]:
    return {}


@pytest.fixture
def played(version: Version, played_by_version: dict[str, Played]) -> Played:
    if version.name not in played_by_version:
        with running_simulator(
            profile=version.profile,
            variant=version.variant,
            strict_agents=True,
            tokens=("good-token",),
        ) as simulated:
            played_by_version[version.name] = play_everything(simulated, version)
    return played_by_version[version.name]


@pytest.mark.parametrize("version", [pytest.param(version, id=version.name) for version in VERSIONS])
def test_every_recorded_answer_is_played(version: Version, played: Played) -> None:
    assert {path.stem for path in version.recorded()} == set(played)


@pytest.mark.parametrize(("version", "name"), ANSWERS)
def test_answer_has_the_recorded_status_type_and_shape(version: Version, name: str, played: Played) -> None:
    recorded = json.loads((RECORDED / version.folder / f"{name}.json").read_text())
    answer = played[name.replace("-early", "-final") if name in version.late else name]

    assert answer.status_code == recorded["status"]
    assert answer.headers["content-type"] == recorded["content_type"]
    for header, value in recorded["headers"].items():
        assert answer.headers[header] == value
    if not recorded["content_type"].startswith("application/json"):
        assert answer.text == recorded["body"]
        return
    body = answer.json()
    if name == "agents-list":
        # The recorded account has one agent; ours stands among others, newest first.
        body["agents"] = body["agents"][:1]
    if name == "thread-runs" or name.endswith("-thread-runs"):
        assert [run["status"] for run in body["agent_runs"]] == [
            run["status"] for run in recorded["body"]["agent_runs"]
        ]
    assert shape(body) == shape(recorded["body"])
    for fact in ("detail", "status", "error"):
        value = recorded["body"].get(fact)
        if isinstance(value, str):
            assert body[fact] == value


@pytest.mark.parametrize(("version", "name"), STREAMS)
def test_stream_has_the_recorded_events_in_order(version: Version, name: str, played: Played) -> None:
    answer = played[f"{_case_of(name)}-stream-late" if name in version.late else name]
    recorded = events_of((RECORDED / version.folder / f"{name}.sse").read_text())
    # Recorded: chunks may be out of order in the list.
    recorded = [event for event in recorded if "sequence" not in event]
    events = events_of(answer.text)
    chunks = [event for event in events if "sequence" in event]

    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache, no-transform"
    said = [event for event in events if "sequence" not in event]
    assert [kind_of(event) for event in said] == [kind_of(event) for event in recorded]
    for event, expected in zip(said, recorded, strict=True):
        assert shape(event) == shape(expected)
    _compare_chunks(version, name, chunks)


def _compare_chunks(version: Version, name: str, chunks: list[dict[str, object]]) -> None:
    recorded = [
        event
        for event in events_of((RECORDED / version.folder / f"{name}.sse").read_text())
        if "sequence" in event
    ]
    assert sorted(str(chunk["sequence"]) for chunk in chunks) == sorted(
        str(chunk["sequence"]) for chunk in recorded
    )
    for chunk, expected in zip(chunks, recorded, strict=True):
        assert set(chunk) == set(expected)
        assert kind_of(chunk) == kind_of(expected)


def _case_of(name: str) -> str:
    return next(case for case in CASES if name.startswith(case))


@pytest.mark.parametrize("version", [pytest.param(version, id=version.name) for version in VERSIONS])
def test_openapi_has_the_recorded_routes(version: Version) -> None:
    recorded = json.loads((RECORDED / version.folder / "openapi-paths.json").read_text())
    with running_simulator(profile=version.profile, variant=version.variant) as simulated:
        document = httpx.get(f"{simulated.url}/openapi.json").json()

    assert {path: sorted(methods) for path, methods in document["paths"].items()} == {
        path: sorted(methods) for path, methods in recorded["paths"].items()
    }
    assert document["info"] == recorded["info"]
