"""Tool calls beside an assistant's text, as Suna has them from 24 November 2025 on (suna-contract §5).

They stand in `content.tool_calls` as OpenAI writes them, with the arguments as JSON in a text, and once more
in `metadata.tool_calls` with the arguments as an object. A row may have either, and an agent's arguments are
whatever its model wrote.
"""

import json
from collections.abc import Iterator, Mapping

from executions.suna.wire.messages import Message
from executions.suna.wire.values import Json, clean_text, find_object, is_storable, short_text
from executions.suna.wire.xml_calls import TERMINATING_TOOLS, FinalCall, split_list

MAX_ARGUMENTS_CHARS = 8 * 1024 * 1024
"""Of one call. A whole answer is no longer (the cap of one call); what is longer is not parsed."""


def find_native_call(message: Message) -> FinalCall | None:
    """Return the last call of `ask` or `complete` in an assistant's row, or None."""
    for read in (_calls_of_content, _calls_of_metadata):
        final = None
        for name, arguments in read(message):
            if name in TERMINATING_TOOLS:
                final = FinalCall(
                    tool=name,
                    text=_read_text(arguments),
                    options=_read_list(arguments.get("follow_up_answers")),
                    attachments=_read_list(arguments.get("attachments")),
                    # JSON within a text: the row that holds it looks as if it could be stored as it stands.
                    cleaned=not is_storable(dict(arguments)),
                )
        if final is not None:
            return final
    return None


def has_native_marks(message: Message) -> bool:
    """Tell whether an assistant's row was written by a build that calls natively: it notes the plain text."""
    return bool(_list_calls(message.content) or _list_calls(message.metadata)) or isinstance(
        message.metadata.get("text_content"), str
    )


def read_plain_text(message: Message) -> str:
    """Return what the assistant wrote beside its calls; it is empty or null where it wrote nothing."""
    text = message.text
    if not text:
        noted = message.metadata.get("text_content")
        text = clean_text(noted) if isinstance(noted, str) else ""
    return text.strip()


def _calls_of_content(message: Message) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for call in _list_calls(message.content):
        function = find_object(call, "function")
        name = short_text(function.get("name"), max_chars=100)
        if name is not None:
            yield name, _read_arguments(function.get("arguments"))


def _calls_of_metadata(message: Message) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for call in _list_calls(message.metadata):
        name = short_text(call.get("function_name"), max_chars=100)
        if name is not None:
            yield name, _read_arguments(call.get("arguments"))


def _list_calls(source: Mapping[str, Json]) -> list[dict[str, Json]]:
    calls = source.get("tool_calls")
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _read_arguments(value: Json) -> Mapping[str, Json]:
    """Return the arguments of a call; none where a model cut them off or wrote no JSON."""
    if isinstance(value, str) and len(value) <= MAX_ARGUMENTS_CHARS:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _read_text(arguments: Mapping[str, Json]) -> str | None:
    text = arguments.get("text")
    return (clean_text(text).strip() or None) if isinstance(text, str) else None


def _read_list(value: Json) -> tuple[str, ...]:
    """Return what stands for a list: a list, or a text as models wrote lists before (suna-contract §5)."""
    if isinstance(value, str):
        return split_list(clean_text(value))
    found = value if isinstance(value, list) else []
    return tuple(text for item in found if isinstance(item, str) and (text := clean_text(item).strip()))
