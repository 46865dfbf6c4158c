"""P30: what an agent answered is what is stored, but for the one cleaning rule, which is flagged.

U+0000 and lone surrogates become U+FFFD (executions.engine.results.clean_text); nothing else is changed.
"""

import hashlib
import json
from collections.abc import Callable

import pytest

from executions.models import ExecutionEvent
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
ROWS = "messages.list"
STREAM = "run.stream"
RESULTS = {
    "seed": "run.results",
    "2025-07": STREAM,
    "2025-08": ROWS,
    "2025-10": ROWS,
    "2025-12": ROWS,
    "2026-01": ROWS,
}
NATIVE = ("2025-12", "2026-01")
PROFILES = [
    pytest.param(profile, marks=[] if profile in ("2025-07", "2025-08") else [pytest.mark.long])
    for profile in RESULTS
]
COMPLETED = 'data: {"type": "status", "status": "completed"}\n\n'
LIMIT = 1_048_576
NUL_AND_HALVES = "a\x00b\ud800c\udfffd"
# Each as it stands in JSON between quotation marks, and what is stored of it.
KEPT = {
    "marks": ("\u202edrow\u202c \u200f\u0644\u0627 \u2066x\u2069", None),
    "NUL and lone surrogates": (NUL_AND_HALVES, "a\ufffdb\ufffdc\ufffdd"),
    "nested 10,000 deep": ("[" * 10_000 + "]" * 10_000, None),
    "numbers that are none": ('{"x": NaN, "y": -Infinity, "z": 1e999}', None),
    "markup and terminal codes": ("<script>alert(1)</script>\x1b[31m\x07\r\n\t```json\n{", None),
    "half a million characters": ("\U0001f600\u00e9x" * 166_000, None),
}


def body_of(profile: str, text: str) -> str:
    """Return what Suna would answer, as ASCII: every odd character escaped, as JSON allows it."""
    if profile == "seed":
        return json.dumps({"output": text, "files": [], "usage": []})
    row = {
        "message_id": "m-1",
        "metadata": {},
        "is_llm_message": True,
        "created_at": "2026-11-22T10:00:00+00:00",
    }
    content: dict[str, object] = {"role": "assistant", "content": text}
    if profile in NATIVE:
        # In the arguments of a call, which are JSON within a text.
        call = {"name": "complete", "arguments": json.dumps({"text": text})}
        content = {"role": "assistant", "content": "", "tool_calls": [{"id": "c", "function": call}]}
    if profile == "2025-07":
        event = {**row, "type": "assistant", "content": json.dumps(content), "metadata": "{}"}
        return f"data: {json.dumps(event)}\n\n{COMPLETED}"
    said = {**row, "type": "assistant", "content": content}
    asked = {**row, "message_id": "m-0", "type": "user", "content": {"role": "user", "content": "?"}}
    return json.dumps({"messages": [asked, said]})


def type_of(profile: str) -> str:
    return "text/event-stream" if RESULTS[profile] == STREAM else "application/json"


@pytest.mark.parametrize("profile", PROFILES)
def test_what_an_agent_answered_is_what_is_stored_and_what_was_cleaned_says_so(
    renum_on: Callable[..., RunningRenum], profile: str, figure: Callable[[str, float], None]
) -> None:
    renum = renum_on(profile)
    team = renum.make_team(ONE_STEP)
    for name, (text, _) in KEPT.items():
        renum.suna.fail(
            RESULTS[profile], times=1000, contains=name, kind="raw", body=body_of(profile, text), status=200,
            content_type=type_of(profile),
        )  # fmt: skip
    started = {name: renum.start(team, name) for name in KEPT}
    renum.start_drivers()

    cleaned = refused = 0
    for name, (text, stored) in KEPT.items():
        execution = renum.wait_for(started[name])
        step = execution.steps.get()
        flags = [
            event.data.get("cleaned", False)
            for event in ExecutionEvent.objects.filter(execution=execution, kind="step_completed")
        ]
        if execution.status != "completed":
            refused += 1
        assert (name, execution.status, step.result_text == (text if stored is None else stored)) == (
            name,
            "completed",
            True,
        )
        assert flags == [stored is not None], name
        cleaned += any(flags)
    figure(f"answers_cleaned_{profile}", cleaned)
    figure(f"answers_refused_{profile}", refused)
    check_history(renum)


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_too_large_or_no_text_ends_its_step_with_a_code_and_keeps_the_beginning(
    renum_on: Callable[..., RunningRenum], profile: str
) -> None:
    renum = renum_on(profile)
    team = renum.make_team({**ONE_STEP, "defaults": {"timeout": "5s"}})
    five_megabytes = "x" * 5_000_000
    nonsense = f"data: \ufffd not json\n\n{COMPLETED}" if profile == "2025-07" else "\ufffd not json"
    bodies = {"five megabytes": body_of(profile, five_megabytes), "invalid bytes": nonsense}
    for name, body in bodies.items():
        renum.suna.fail(
            RESULTS[profile], times=1000, contains=name, kind="raw", body=body, status=200,
            content_type=type_of(profile),
        )  # fmt: skip
    renum.suna.fail(RESULTS[profile], times=1000, contains="ten times the cap", kind="huge", megabytes=80)
    names = [*bodies, "ten times the cap", "an ordinary one"]
    started = {name: renum.start(team, name) for name in names}
    renum.start_drivers()

    steps = {name: renum.wait_for(execution).steps.get() for name, execution in started.items()}

    large = steps["five megabytes"]
    digest = hashlib.sha256(five_megabytes.encode()).hexdigest()
    assert (large.status, large.code) == ("failed", "result_too_large")
    assert large.result_text == f"{'x' * LIMIT}\n[cut: 5000000 characters, sha256 {digest}]"
    assert (steps["ten times the cap"].status, steps["ten times the cap"].code) == (
        "failed",
        "result_too_large",
    )
    assert (steps["invalid bytes"].status, steps["invalid bytes"].code) == ("failed", "bad_response")
    assert steps["an ordinary one"].status == "completed"
    check_history(renum)
