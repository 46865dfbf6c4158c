"""The readers of every profile on mutations of what Suna really answered: only the port's errors come out."""

import contextlib
import copy
import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executions.agent_service import AgentServiceError, RunResult
from executions.suna.errors import build_error
from executions.suna.wire import PROFILES
from executions.suna.wire.call import Answer
from executions.suna.wire.profile import WireProfile
from tests.contract.recordings import ROOT

RUN_ID, PLACE = "run-1", "thread-1"
VERSIONS = {
    "seed": ["2025-08"],
    "2025-07": ["2025-07"],
    "2025-08": ["2025-08", "2025-08-b2"],
    "2025-10": ["2025-10"],
    "2025-12": ["2025-12", "2025-12-c2"],
    "2026-01": ["2026-01"],
}
"""Whose recordings are like what a profile reads; the document's own contract was never recorded."""

POISON: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**40, 1e308, float("nan"), float("inf"), "", " ", "\x00", "\ud800", "\u202e",
    "x" * 20_000, "../..", "data: x\n\n", "{}", "[", '{"content": "x"}', [], {}, [None], {"": None},
    {"content": {"content": {}}}, [[[[[]]]]], "2026-13-45T99:99:99", "9" * 400, {"text": 7}, [{"text": None}],
)  # fmt: skip


@functools.cache
def recorded(version: str) -> tuple[bytes, ...]:
    """Return every recorded body and stream of a version."""
    found = []
    for file in sorted((ROOT / version).iterdir()):
        if file.suffix == ".json":
            content = json.loads(file.read_text())
            body = content.get("body") if isinstance(content, dict) else None
            found.append(body.encode() if isinstance(body, str) else json.dumps(body).encode())
        elif file.suffix == ".sse":
            found.append(file.read_bytes())
    assert len(found) > 3
    return tuple(body for body in found if len(body) < 300_000)


def places_in(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a JSON value."""
    found = [at] if at else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places_in(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value[:20]):
            found += places_in(item, (*at, index))
    return found


def poisoned(value: Any, at: tuple[Any, ...], poison: Any) -> Any:
    """Return a JSON value in which another stands at a path."""
    changed = copy.deepcopy(value)
    inner = changed
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = poison
    return changed


@st.composite
def mutations(draw: st.DrawFn, profile: str) -> bytes:
    """Draw a recorded body with values replaced, or with bytes cut, doubled or changed."""
    body = draw(st.sampled_from(recorded(draw(st.sampled_from(VERSIONS[profile])))))
    if draw(st.booleans()):
        lines = body.split(b"\n") if body.startswith(b"data:") else [body]
        number = draw(st.integers(0, len(lines) - 1))
        prefix = b"data: " if lines[number].startswith(b"data: ") else b""
        try:
            value = json.loads(lines[number][len(prefix) :])
        except ValueError:
            value = None
        if isinstance(value, dict | list):
            for _ in range(draw(st.integers(1, 3))):
                places = places_in(value)
                if places:
                    value = poisoned(value, draw(st.sampled_from(places)), draw(st.sampled_from(POISON)))
            lines[number] = prefix + json.dumps(value).encode()
            return b"\n".join(lines)
    start = draw(st.integers(0, max(0, len(body) - 1)))
    end = draw(st.integers(start, min(len(body), start + 50)))
    junk = draw(
        st.sampled_from([b"", b"\x00", b"\xff", b"{", b"]", b"\n\n", b'"', b"data: ", b"NaN", body[:200]])
    )
    return body[:start] + junk + body[end:]


def readers_of(profile: WireProfile) -> Mapping[str, Callable[[bytes], Any]]:
    """Return everything that reads an answer's body."""

    def result_with_rows(body: bytes) -> Any:
        try:
            rows = profile.read_runs(body, place=PLACE)
        except AgentServiceError:
            rows = ()
        return profile.read_result(body, run_id=RUN_ID, runs=rows)

    def error(body: bytes) -> Any:
        headers = {"content-type": "application/json", "retry-after": body[:30].decode("latin-1")}
        found = [
            build_error(Answer(status=status, headers=headers, body=body), starting=True, hide=str)
            for status in (402, 422, 429, 500)
        ]
        return [one.detail for one in found]

    def missing_agent(body: bytes) -> Any:
        headers = {"content-type": "application/json"}
        return profile.is_missing_agent(Answer(status=500, headers=headers, body=body))

    return {
        "read_place": profile.read_place,
        "read_start": lambda body: profile.read_start(body, place=PLACE),
        "read_start of a new thread": lambda body: profile.read_start(body, place=None),
        "read_run": lambda body: profile.read_run(body, run_id=RUN_ID),
        "read_runs": lambda body: profile.read_runs(body, place=PLACE),
        "read_active_runs": profile.read_active_runs,
        "read_result": lambda body: profile.read_result(body, run_id=RUN_ID, runs=None),
        "read_result with rows": result_with_rows,
        "read_agents": lambda body: profile.read_agents(body, page=1),
        "read_agent": profile.read_agent,
        "is_missing_agent": missing_agent,
        "build_error": error,
    }


@pytest.mark.parametrize("name", list(PROFILES))
def test_no_mutation_of_a_real_answer_raises_anything_but_the_ports_errors(name: str) -> None:
    readers = readers_of(PROFILES[name])

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(mutations(name))
    def read_all(body: bytes) -> None:
        for reader in readers.values():
            read: Any = None
            with contextlib.suppress(AgentServiceError):
                read = reader(body)
            if isinstance(read, RunResult):
                check_storable(read)

    read_all()


@pytest.mark.parametrize("name", list(PROFILES))
def test_every_real_answer_of_a_version_is_read_by_some_reader(name: str) -> None:
    """The fuzz above is worth something only where the unchanged bodies are understood."""
    readers = readers_of(PROFILES[name])
    understood = 0
    for version in VERSIONS[name]:
        for body in recorded(version):
            for kind in ("read_run", "read_runs", "read_agents", "read_agent", "read_place", "read_start"):
                try:
                    readers[kind](body)
                except AgentServiceError:
                    continue
                understood += 1
                break
    assert understood >= 3


def check_storable(result: RunResult) -> None:
    """Fail where PostgreSQL could not hold what was read, but for the text, which the client cleans."""
    stored = [response.raw_usage for response in result.responses]
    texts = [result.error, *(response.source_id for response in result.responses)]
    texts += [
        text for one in result.responses for text in (one.text, one.model, one.provider, one.finish_reason)
    ]
    written = json.dumps([stored, texts], ensure_ascii=False, allow_nan=False)
    written.encode()
    assert "\\u0000" not in written
