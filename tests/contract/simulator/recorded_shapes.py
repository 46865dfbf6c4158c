"""Shapes of answers: keys and JSON types, recursively, so that a recorded answer and a played one compare."""

import json
from typing import Any

_VALUES_THAT_COUNT = (
    "type",
    "status_type",
    "finish_reason",
    "stream_status",
    "role",
    "function_name",
    "object",
)


def shape(value: Any, *, name: str = "") -> Any:
    """Return the shape of a value. A few fields say what a message is: of them the value itself counts."""
    if isinstance(value, dict):
        return {key: shape(item, name=key) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, str) and name in _VALUES_THAT_COUNT:
        return value
    if isinstance(value, str) and value.startswith("{"):
        return ["JSON in a string", shape(json.loads(value))]
    return type(value).__name__


def events_of(text: str) -> list[dict[str, Any]]:
    """Return the events of a raw stream; every line must be a data line or empty."""
    lines = [line for line in text.split("\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def kind_of(event: dict[str, Any]) -> str:
    """Return what an event is, in one word or two."""
    if "content" not in event:
        return f"control {event['status']}{' with message' if 'message' in event else ''}"
    content, metadata = json.loads(event["content"]), json.loads(event["metadata"])
    return f"{event['type']} {content.get('status_type') or metadata.get('stream_status') or ''}".strip()
