"""The tool calls of a run as its events and rows tell of them, each told once per thing that is known of it.

Native calls have an id. Those of the XML time have none: what is told of one is known by the tool's name, in
order (suna-contract §3.2).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from executions.agent_service import BadResponse
from executions.live_output import (
    MAX_ANSWER_CHARS,
    MAX_NAME_CHARS,
    MAX_SHORT_CHARS,
    LiveEvent,
    ToolFinished,
    ToolStarted,
    shorten,
)
from executions.suna.wire.live_xml import MAX_CALLS, XmlCall
from executions.suna.wire.messages import Message
from executions.suna.wire.values import Json, clean_text, find_object, parse_json, short_text
from executions.suna.wire.xml_calls import TERMINATING_TOOLS

MAX_OPEN_CALLS = 200
"""Of the calls of one run so many are remembered: what comes of an older one is not told."""
UNNAMED = "?"


@dataclass(slots=True, kw_only=True)
class _Call:
    number: int
    name: str
    tool_call_id: str | None
    of_message: int
    started: bool = False
    arguments: str = ""
    is_complete: bool = False
    finished: bool = False
    has_output: bool = False


class LiveCalls:
    """Tells of the calls of one run."""

    def __init__(self, tell: Callable[[LiveEvent], None]) -> None:
        self._tell = tell
        self._calls: list[_Call] = []
        self._count = 0

    def take_chunk(self, metadata: Mapping[str, Json], *, message: int) -> None:
        """Take in calls that are being written, cumulative: their arguments are whole once they parse."""
        for listed in _listed(metadata.get("tool_calls")):
            call = self._find_or_begin(_name(listed), _call_id(listed), message=message)
            given = listed.get("arguments")
            if isinstance(given, dict):
                self._know(call, _argument_text(call.name, given))
            else:
                self._start(call)

    def take_whole(self, row: Message, written: Sequence[XmlCall], *, message: int) -> None:
        """Take in the calls of a message that is finished: native ones, and those that stood in its text."""
        native = _listed(row.metadata.get("tool_calls")) or [
            {**find_object(listed, "function"), "tool_call_id": listed.get("id")}
            for listed in _listed(row.content.get("tool_calls"))
        ]
        for listed in native:
            call = self._find_or_begin(_name(listed), _call_id(listed), message=message)
            self._know(call, _argument_text(call.name, listed.get("arguments")))
        self.match(written, message=message)

    def take_status(self, row: Message, written: Sequence[XmlCall], *, message: int) -> None:
        """Take in that a tool was started or came to its end."""
        name, tool_call_id = _name(row.content), _call_id(row.content)
        if row.status_type == "tool_started":
            self._start(self._find_or_begin(name, tool_call_id, message=message))
            self.match(written, message=message)
            return
        call = self._find(name, tool_call_id, lacks_output=False) or self._begin(name, tool_call_id, message)
        if not call.finished:
            ok = row.status_type == "tool_completed"
            error = short_text(row.content.get("error"), max_chars=MAX_SHORT_CHARS)
            self._finish(call, ok=ok, output="" if ok else error or "")

    def take_result(self, row: Message, *, message: int) -> None:
        """Take in what a tool gave back: as native rows and as those of the XML time have it."""
        told = _execution_of(row)
        result = find_object(told, "result") or find_object(row.metadata, "result")
        name = _name(told or row.metadata if told or row.metadata.get("function_name") else row.content)
        tool_call_id = _call_id(told) or _call_id(row.metadata) or _call_id(row.content)
        call = self._find(name, tool_call_id, lacks_output=True) or self._begin(name, tool_call_id, message)
        arguments = told.get("arguments")
        if isinstance(arguments, dict) and not call.is_complete:
            self._know(call, _argument_text(call.name, arguments))
        ok = result.get("success") is not False
        given = result.get("output") if ok or result.get("error") is None else result.get("error")
        call.has_output = True
        self._finish(call, ok=ok, output=_text(given, max_chars=MAX_SHORT_CHARS))

    def match(self, written: Sequence[XmlCall], *, message: int) -> None:
        """Give the calls of a message, in order, the arguments that stood in its text."""
        waiting = [call for call in self._calls if call.of_message == message and call.tool_call_id is None]
        for found in written:
            call = next((call for call in waiting if call.name == found.name), None)
            if call is not None:
                waiting.remove(call)
                if not call.is_complete:
                    self._know(call, _cut_arguments(call.name, found.arguments))

    def _find_or_begin(self, name: str, tool_call_id: str | None, *, message: int) -> _Call:
        # Without an id each start is a call of its own.
        found = self._find(name, tool_call_id, lacks_output=False) if tool_call_id is not None else None
        return found or self._begin(name, tool_call_id, message)

    def _find(self, name: str, tool_call_id: str | None, *, lacks_output: bool) -> _Call | None:
        for call in self._calls:
            if tool_call_id is not None and call.tool_call_id == tool_call_id:
                return call
            is_open = not call.has_output if lacks_output else not call.finished
            if tool_call_id is None and call.name == name and is_open:
                return call
        return None

    def _begin(self, name: str, tool_call_id: str | None, message: int) -> _Call:
        call = _Call(number=self._count, name=name, tool_call_id=tool_call_id, of_message=message)
        self._count += 1
        self._calls.append(call)
        del self._calls[:-MAX_OPEN_CALLS]
        return call

    def _start(self, call: _Call) -> None:
        if not call.started:
            call.started = True
            self._tell(ToolStarted(call=call.number, name=call.name, arguments=call.arguments))

    def _know(self, call: _Call, arguments: str) -> None:
        call.is_complete = True
        if call.started and call.arguments == arguments:
            return
        call.started, call.arguments = True, arguments
        self._tell(ToolStarted(call=call.number, name=call.name, arguments=arguments))

    def _finish(self, call: _Call, *, ok: bool, output: str) -> None:
        self._start(call)
        call.finished = True
        self._tell(ToolFinished(call=call.number, name=call.name, ok=ok, output=output))


def _execution_of(row: Message) -> Mapping[str, Json]:
    """Return the object that tells of a call in the XML time, in the stream or in a row; empty elsewhere."""
    inner = row.content.get("content")
    if isinstance(inner, str) and inner.lstrip().startswith('{"tool_execution"'):
        # b0, and the rows of b1 and b2: JSON in a text (suna-contract §9.18).
        try:
            return find_object(parse_json(inner.encode("utf-8", "replace")), "tool_execution")
        except BadResponse:
            return {}
    return find_object(row.content, "tool_execution") or find_object(
        row.metadata, "frontend_content", "tool_execution"
    )


def _listed(value: Json) -> list[dict[str, Json]]:
    return [item for item in value[:MAX_CALLS] if isinstance(item, dict)] if isinstance(value, list) else []


def _name(source: Mapping[str, Json]) -> str:
    found = source.get("function_name") or source.get("name")
    return short_text(found, max_chars=MAX_NAME_CHARS) or UNNAMED


def _call_id(source: Mapping[str, Json]) -> str | None:
    return short_text(source.get("tool_call_id"), max_chars=200)


def _argument_text(name: str, given: Json) -> str:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return _cut_arguments(name, clean_text(given))
    if name in TERMINATING_TOOLS and isinstance(given, dict) and isinstance(given.get("text"), str):
        # Its one argument that counts is what the agent wants to say.
        return _cut_arguments(name, clean_text(given["text"]))
    return _text(given, max_chars=MAX_SHORT_CHARS) if given else ""


def _cut_arguments(name: str, text: str) -> str:
    is_answer = name in TERMINATING_TOOLS
    return shorten(clean_text(text), max_chars=MAX_ANSWER_CHARS if is_answer else MAX_SHORT_CHARS)


def _text(value: Json, *, max_chars: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        try:
            value = json.dumps(value, ensure_ascii=False)
        except (ValueError, RecursionError):
            return ""
    return shorten(clean_text(value), max_chars=max_chars)
