"""The stream of a run of b0: that of b1, with the tool's result as the database has it.

Recorded: the end of the turn comes behind the run's end after `ask` too, and no control event is quicker
than the list.
"""

import json
from dataclasses import replace
from typing import Any

from executions.suna.simulator.event_stream import Recording
from executions.suna.simulator.profiles.y2025_08_events import END_STREAM
from executions.suna.simulator.profiles.y2025_08_events import build_recording as build_recording_of_b1
from executions.suna.simulator.run import Run


def build_recording(run: Run, *, piece_chars: int | None = None) -> Recording:
    """Return everything that the stream of this run will ever say."""
    recording = build_recording_of_b1(run, variant="b1", piece_chars=piece_chars)
    return replace(
        recording,
        events=[(at, _as_in_b0(event)) for at, event in recording.events],
        live_end=None if recording.live_end == END_STREAM else recording.live_end,
    )


def _as_in_b0(event: dict[str, Any]) -> dict[str, Any]:
    if event["type"] != "tool":
        return event
    metadata = json.loads(event["metadata"])
    del metadata["frontend_content"]
    metadata["parsing_details"] = {"format": "v2", **metadata["parsing_details"]}
    return {
        **event,
        "content": json.dumps({"role": "user", "content": event["content"]}),
        "metadata": json.dumps(metadata),
        "agent_id": None,
        "agent_version_id": None,
    }
