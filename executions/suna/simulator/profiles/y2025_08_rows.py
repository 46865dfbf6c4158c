"""The messages that a run of b1 or b2 writes into its thread, as database rows.

Both variants write the same kinds in the same order, but b1 reports tokens in `assistant_response_end`
(an estimate, never cached ones) and b2 in `llm_response_end`. A run that was interrupted, or whose model
failed, has neither that row nor an `assistant` row: its tokens are recorded nowhere. Times are spread over
the run, so the rows appear while it goes on.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from executions.suna.simulator.agents.script import Turn
from executions.suna.simulator.agents.usage import bare_name
from executions.suna.simulator.clock import iso
from executions.suna.simulator.profiles.y2025_08_errors import model_error_text
from executions.suna.simulator.run import Run, Thread, UserMessage

# When each row is written, as a share of its turn's time.
_SHARE = {
    "thread_run_start": 0.0,
    "response_start": 0.02,
    "tool_started": 0.87,
    "finish": 0.88,
    "assistant": 0.90,
    "error": 0.90,
    "tool": 0.92,
    "tool_completed": 0.93,
    "tool_error": 0.93,
    "terminated": 0.94,
    "response_end": 0.96,
    "thread_run_end": 0.98,
}
_BEFORE_TOOL = frozenset({"tool_started", "finish", "assistant"})
_SHARE_BEFORE_SLOW_TOOL = 0.1
_ORDER = {part: number for number, part in enumerate(_SHARE, start=1)}
_TICK_S = 1e-6
_NO_SPAN = "'NoneType' object has no attribute 'end'"
_DONE = {"status": "ok"}
_TOOL_OUTPUTS = {
    "complete": {"status": "complete"},
    "ask": {"status": "Awaiting user response..."},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One row, when it is written, its part in the turn and the number of the turn."""

    at: float
    part: str
    turn: int
    row: dict[str, Any]


def user_row(thread: Thread, message: UserMessage) -> dict[str, Any]:
    """Return a message that somebody put on the thread."""
    at = iso(message.created_at)
    content = {"role": "user", "content": message.text}
    return {
        "message_id": message.id,
        "thread_id": thread.id,
        "type": message.kind,
        "is_llm_message": message.is_llm_message,
        "content": json.dumps(content) if message.as_string else content,
        "metadata": {},
        "created_at": at,
        "updated_at": at,
        "agent_id": None,
        "agent_version_id": None,
    }


def build_rows(run: Run, *, variant: str, now: float) -> list[tuple[float, dict[str, Any]]]:
    """Return the rows of a run that are there now, each with its time, oldest first."""
    rows = [
        (written.at, written.row)
        for written in write_rows(run, variant=variant)
        if run.shows(written.at, now)
    ]
    if run.cut_at is not None and rows:
        # The interrupted worker closes the turn that it was in.
        opened = [row for _, row in rows if row["content"].get("status_type") == "thread_run_start"]
        rows.append((run.cut_at, _closing(run, opened[-1]["content"]["thread_run_id"], run.cut_at)))
    return rows


def write_rows(run: Run, *, variant: str) -> list[Written]:
    """Return all rows of a whole run, in the order in which they are written."""
    script = run.script
    if script.outcome == "nothing_to_do":
        return []
    # A run without an end opens its first turn and then says nothing more.
    turns = script.turns if run.ends_at is not None else script.turns[:1]
    each = ((run.ends_at or run.picked_up_at) - run.picked_up_at) / max(1, len(turns))
    written: list[Written] = []
    for number, turn in enumerate(turns):
        if script.fails_in(number) and not script.partial:
            # A model that refuses the call leaves nothing at all (suna-contract §9.24).
            break
        writer = _TurnWriter(
            run=run,
            turn=turn,
            number=number,
            variant=variant,
            began=run.picked_up_at + number * each,
            length=each,
            before=len(written),
        )
        written.extend(writer.write())
    return written


def spoken_text(turn: Turn) -> str:
    """Return what the model says in a turn; a tool call is XML inside the text."""
    if turn.tool is None:
        return turn.text
    call = f"<function_calls>\n{raw_call(turn)}\n</function_calls>"
    return f"{turn.text}\n{call}" if turn.text else call


def raw_call(turn: Turn) -> str:
    """Return the XML of the turn's tool call."""
    name = parameter_of(turn)
    return f'<invoke name="{turn.tool}">\n<parameter name="{name}">{turn.argument}</parameter>\n</invoke>'


def parameter_of(turn: Turn) -> str:
    """Return the name of the tool's only parameter."""
    return "query" if turn.tool == "web_search" else "text"


def tool_execution(turn: Turn) -> dict[str, Any]:
    """Return the object that describes a tool call and its result."""
    return {
        "function_name": turn.tool,
        "xml_tag_name": (turn.tool or "").replace("_", "-"),
        "tool_call_id": None,
        "arguments": {parameter_of(turn): turn.argument},
        "result": {"success": True, "output": _TOOL_OUTPUTS.get(turn.tool or "", _DONE), "error": None},
    }


class _TurnWriter:
    """Writes the rows of one turn."""

    def __init__(
        self, *, run: Run, turn: Turn, number: int, variant: str, began: float, length: float, before: int
    ) -> None:
        self.run, self.turn, self.number, self.variant = run, turn, number, variant
        self.began, self.length, self.before = began, length, before
        self.thread_run_id = self._id("thread-run")
        self.written: list[Written] = []

    def write(self) -> list[Written]:
        """Return the rows in order."""
        turn, script = self.turn, self.run.script
        self._status("thread_run_start", thread_run_id=self.thread_run_id)
        self._response_start()
        if self.run.ends_at is None:
            return self.written
        if script.fails_in(self.number):
            text = model_error_text(script.error, variant=self.variant)
            self._status("error", role="system", message=text)
        elif script.outcome in ("completed", "raw", "model_error"):
            ends_here = turn.tool in ("complete", "ask")
            if turn.tool:
                self._tool_status("tool_started", f"Starting execution of {turn.tool}")
                self._status("finish", finish_reason="xml_tool_limit_reached")
            self._assistant()
            if turn.tool:
                self._tool(ends_here=ends_here)
            if ends_here:
                self._status("finish", part="terminated", finish_reason="agent_terminated")
            if not turn.tool:
                self._status("finish", part="terminated", finish_reason="stop")
            self._response_end()
        self._put(
            "thread_run_end",
            _closing(self.run, self.thread_run_id, self._at("thread_run_end"), self._id("close")),
        )
        return self.written

    def _response_start(self) -> None:
        if self.variant == "b1":
            self._status("assistant_response_start", part="response_start")
            return
        response_id = self._id("llm-response")
        content = {
            "model": self.run.script.model,
            "timestamp": iso(self._at("response_start")),
            "llm_response_id": response_id,
            "auto_continue_count": self.number,
        }
        metadata = {"thread_run_id": self.thread_run_id, "llm_response_id": response_id}
        self._row("response_start", kind="llm_response_start", content=content, metadata=metadata)

    def _assistant(self) -> None:
        content = {"role": "assistant", "content": spoken_text(self.turn), "tool_calls": None}
        self._row("assistant", kind="assistant", content=content, is_llm_message=True, by_agent=True)

    def _tool(self, *, ends_here: bool) -> None:
        turn = self.turn
        if ends_here and self.run.lingers:
            self._tool_status("tool_error", f"Error executing tool: {_NO_SPAN}")
            return
        execution = {"tool_execution": tool_execution(turn)}
        metadata = {
            "parsing_details": {
                "raw_xml": raw_call(turn),
                "function_name": turn.tool,
                "raw_parameters": {parameter_of(turn): turn.argument},
            },
            "frontend_content": execution,
            "assistant_message_id": self._id("assistant"),
        }
        content = {"role": "user", "content": json.dumps(execution)}
        self._row("tool", kind="tool", content=content, metadata=metadata, is_llm_message=True, by_agent=True)
        linked: dict[str, Any] = {"agent_should_terminate": "true"} if ends_here else {}
        linked["linked_tool_result_message_id"] = self._id("tool")
        self._tool_status("tool_completed", f"Tool {turn.tool} completed successfully", **linked)

    def _response_end(self) -> None:
        turn = self.turn
        reason = "agent_terminated" if turn.tool in ("complete", "ask") else "stop"
        if turn.tool == "web_search":
            reason = "xml_tool_limit_reached"
        usage: dict[str, Any] = {
            "total_tokens": turn.tokens_input + turn.tokens_output,
            "prompt_tokens": turn.tokens_input,
            "completion_tokens": turn.tokens_output,
        }
        message = {"role": "assistant", "content": spoken_text(turn), "tool_calls": None}
        common = {
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "created": int(self._at("response_end")),
            "streaming": True,
            "response_ms": self.length * 1000.0,
        }
        metadata = {"thread_run_id": self.thread_run_id}
        if self.variant == "b1":
            content = {"model": self.run.script.model, "usage": usage, **common}
            self._row("response_end", kind="assistant_response_end", content=content, metadata=metadata)
            return
        usage["prompt_tokens_details"] = {
            "text_tokens": None,
            "audio_tokens": None,
            "image_tokens": None,
            "cached_tokens": turn.tokens_cached,
        }
        usage["completion_tokens_details"] = {
            "text_tokens": None,
            "audio_tokens": None,
            "reasoning_tokens": 0,
            "accepted_prediction_tokens": None,
            "rejected_prediction_tokens": None,
        }
        response_id = self._id("llm-response")
        content = {
            "id": f"chatcmpl-{response_id[:12].replace('-', '')}",
            "model": bare_name(self.run.script.model),
            "usage": usage,
            "object": "chat.completion.chunk",
            **common,
            "llm_response_id": response_id,
            "system_fingerprint": None,
            "provider_specific_fields": None,
        }
        metadata["llm_response_id"] = response_id
        self._row("response_end", kind="llm_response_end", content=content, metadata=metadata)

    def _tool_status(self, status_type: str, message: str, **metadata: Any) -> None:
        content = {
            "role": "assistant",
            "message": message,
            "tool_index": 0,
            "status_type": status_type,
            "tool_call_id": None,
            "xml_tag_name": (self.turn.tool or "").replace("_", "-"),
            "function_name": self.turn.tool,
        }
        self._row(
            status_type,
            kind="status",
            content=content,
            metadata={"thread_run_id": self.thread_run_id, **metadata},
        )

    def _status(self, status_type: str, *, part: str | None = None, **content: Any) -> None:
        self._row(part or status_type, kind="status", content={"status_type": status_type, **content})

    def _row(
        self,
        part: str,
        *,
        kind: str,
        content: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        is_llm_message: bool = False,
        by_agent: bool = False,
    ) -> None:
        at = iso(self._at(part))
        self._put(
            part,
            {
                "message_id": self._id(part),
                "thread_id": self.run.thread_id,
                "type": kind,
                "is_llm_message": is_llm_message,
                "content": content,
                "metadata": {"thread_run_id": self.thread_run_id} if metadata is None else metadata,
                "created_at": at,
                "updated_at": at,
                "agent_id": self.run.agent_id if by_agent else None,
                "agent_version_id": self.run.agent_version_id if by_agent else None,
            },
        )

    def _put(self, part: str, row: dict[str, Any]) -> None:
        self.written.append(Written(at=self._at(part), part=part, turn=self.number, row=row))

    def _at(self, part: str) -> float:
        # One tick more for each row: rows of one instant keep their order.
        share = _SHARE[part]
        if self.run.script.slow_tool and self.turn.tool is not None and part in _BEFORE_TOOL:
            share *= _SHARE_BEFORE_SLOW_TOOL
        return self.began + share * self.length + (self.before + _ORDER[part]) * _TICK_S

    def _id(self, name: str) -> str:
        return str(uuid5(UUID(self.run.id), f"{self.number}/{name}"))


def _closing(run: Run, thread_run_id: str, at: float, message_id: str | None = None) -> dict[str, Any]:
    return {
        "message_id": message_id or str(uuid5(UUID(run.id), "cut")),
        "thread_id": run.thread_id,
        "type": "status",
        "is_llm_message": False,
        "content": {"status_type": "thread_run_end"},
        "metadata": {"thread_run_id": thread_run_id},
        "created_at": iso(at),
        "updated_at": iso(at),
        "agent_id": None,
        "agent_version_id": None,
    }
