"""What runs have told so far, read once: for a page without scripts, and where a stream cannot be kept open.

Reading says that somebody watches, so that there is something to read the next time.
"""

import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django_redis import get_redis_connection
from redis.exceptions import RedisError

from executions.agent_service import LiveSource
from executions.live.frames import FIRST, NoEntry, live_frame, over_frame, read_entry, run_frame
from executions.live.under_way import ExecutionUnderWay, RunUnderWay
from executions.orchestrator.live_keys import WATCH_S, stream_key, watch_key
from executions.orchestrator.wake import CHANNEL

logger = logging.getLogger(__name__)

MAX_RUNS = 20
"""Of one execution no more runs are read at a time."""
MAX_ENTRIES = 300
MAX_SHOWN_CHARS = 8_000
"""Of what one run told a page without scripts shows the end."""

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One thing to show: a text, a tool's call (`name`), or a note that something is missing."""

    kind: str
    text: str = ""
    name: str = ""
    arguments: str = ""
    output: str = ""
    state: str = ""


def read_so_far(runs: Sequence[RunUnderWay]) -> Mapping[uuid.UUID, list[Event]]:
    """Return what each run has told, oldest first, and say that it is watched.

    A run that has told nothing yet is there with an empty list; all are missing while Redis is away.
    """
    told = [run for run in runs if run.source is not LiveSource.NONE][:MAX_RUNS]
    if not told:
        return {}
    try:
        # This one is not waited for: what it has is not worth it.
        client = get_redis_connection("context")
        pipeline = client.pipeline(transaction=False)
        for run in told:
            pipeline.set(watch_key(run.id), "1", ex=WATCH_S, get=True)
            pipeline.xrevrange(stream_key(run.id), count=MAX_ENTRIES)
        answers = pipeline.execute()
        if None in answers[::2]:
            client.publish(CHANNEL, "")
    except (RedisError, OSError) as error:
        logger.warning("live output cannot be read: %s", type(error).__name__)
        return {}
    return {run.id: list(_events(entries)) for run, entries in zip(told, answers[1::2], strict=True)}


def snapshot_frames(execution: ExecutionUnderWay | None) -> Iterator[bytes]:
    """Yield what there is now as server-sent events that end; whoever wants more asks again."""
    yield FIRST
    if execution is None or execution.is_over:
        yield over_frame(None if execution is None else execution.status)
        return
    told = read_so_far(execution.runs)
    for run in execution.runs:
        yield run_frame(run)
        for event in told.get(run.id, []):
            yield live_frame(run, event)


def fold(events: Sequence[Event]) -> tuple[Shown, ...]:
    """Put what was told together: each message once, each call once, each in its place."""
    shown: dict[tuple[str, object], Shown] = {}
    for number, event in enumerate(events):
        match event:
            case {"kind": "text", "message": message, "text": str(text)}:
                before = shown.get(("text", message), Shown(kind="text"))
                shown["text", message] = replace(before, text=(before.text + text)[-MAX_SHOWN_CHARS:])
            case {"kind": "message", "message": message, "text": str(text), "is_cut": cut}:
                if not (cut and ("text", message) in shown):
                    shown["text", message] = Shown(kind="text", text=text[-MAX_SHOWN_CHARS:])
            case {"kind": "tool_started", "call": call, "name": str(name), "arguments": str(arguments)}:
                before = shown.get(("tool", call), Shown(kind="tool", state="running"))
                shown["tool", call] = replace(before, name=name, arguments=arguments)
            case {"kind": "tool_finished", "call": call, "name": str(name), "ok": ok, "output": str(output)}:
                before = shown.get(("tool", call), Shown(kind="tool"))
                state = "done" if ok else "failed"
                shown["tool", call] = replace(before, name=name, state=state, output=output or before.output)
            case {"kind": "left_out"}:
                shown["note", number] = Shown(kind="note")
    return tuple(shown.values())


def _events(entries: Sequence[tuple[bytes, Mapping[bytes, bytes]]]) -> Iterator[Event]:
    """Yield the events of entries that were read newest first, from the last beginning on."""
    found: list[list[Event]] = []
    for _, fields in entries:
        try:
            number, events = read_entry(fields)
        except NoEntry:
            continue
        found.append(events)
        if number == 0:
            break
    else:
        if found:
            found.append([{"kind": "begin"}, {"kind": "left_out", "why": "beginning", "count": 1}])
    for events in reversed(found):
        yield from events
