"""One model call of a run from December 2025 on: its ids, its tool call, and the rows that it writes.

Tools are called natively: `content.tool_calls` has OpenAI's shape with the arguments as a JSON string,
`metadata.tool_calls` has them as an object. c1, c2 and d write the same kinds of rows, in orders of their
own, and report tokens in different detail.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from executions.suna.simulator.agents.script import Turn
from executions.suna.simulator.clock import iso
from executions.suna.simulator.profiles.native_models import alias_of, provider_model
from executions.suna.simulator.run import Run

_DONE = {"status": "ok"}
_TOOL_OUTPUTS = {
    "complete": {"status": "complete"},
    "ask": {"status": "Awaiting user response..."},
}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeTurn:
    """A turn of a run, in one version: it `began` at a time and takes `length` seconds."""

    run: Run
    turn: Turn
    number: int
    version: str
    began: float
    length: float

    @property
    def ends_here(self) -> bool:
        """Whether the turn's tool ends the run."""
        return self.turn.tool in ("complete", "ask")

    @property
    def thread_run_id(self) -> str:
        """The id of this round; no run's id and no part of one."""
        return self.id("thread-run")

    @property
    def call_id(self) -> str:
        """The id of the turn's tool call."""
        return f"call_{self.id('call').replace('-', '')[:16]}"

    @property
    def response_id(self) -> str:
        """The id that the start and the end of the model's response share."""
        return self.id("llm-response")

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments of the turn's tool call."""
        return {"query" if self.turn.tool == "web_search" else "text": self.turn.argument}

    def id(self, name: str) -> str:
        """Return an id that is the same whenever it is asked for."""
        return str(uuid5(UUID(self.run.id), f"{self.number}/{name}"))

    def rows(self, *, error: str | None = None) -> dict[str, Row]:
        """Return every row that this turn can write, by its part, without times.

        A turn whose model failed in the middle has only its start, the `error` and its end.
        """
        rows = {"thread_run_start": self._status("thread_run_start"), "response_start": self._start()}
        if error is not None:
            rows["error"] = self._status("error", error=error)
        elif self.turn.tool:
            rows |= self._tool_rows()
        if error is None:
            rows["assistant"] = self._assistant()
            rows["finish"] = self._finish()
            rows["response_end"] = self._response_end()
        rows["thread_run_end"] = self._status("thread_run_end")
        return rows

    def tool_call(self) -> dict[str, Any]:
        """Return the tool call as the model made it."""
        arguments = json.dumps(self.arguments)
        function = {"name": self.turn.tool, "arguments": arguments}
        return {"id": self.call_id, "type": "function", "function": function}

    def described_call(self, **described: Any) -> dict[str, Any]:
        """Return the tool call as `metadata` describes it."""
        return {
            "source": "native",
            **described,
            "tool_call_id": self.call_id,
            "function_name": self.turn.tool,
        }

    def status_row(self, part: str, status_type: str, *, metadata: Row | None = None, **content: Any) -> Row:
        """Return a `status` row. `part` gives it its id."""
        return self._row(
            part,
            kind="status",
            content={"status_type": status_type, **content},
            metadata={"thread_run_id": self.thread_run_id, **(metadata or {})},
        )

    def tool_status(self, status_type: str, *, metadata: Row | None = None, **content: Any) -> Row:
        """Return a `status` row about the tool call."""
        return self.status_row(
            status_type,
            status_type,
            metadata=metadata,
            tool_index=0,
            tool_call_id=self.call_id,
            function_name=self.turn.tool,
            **content,
        )

    def _status(self, status_type: str, **content: Any) -> Row:
        return self.status_row(status_type, status_type, **content)

    def _start(self) -> Row:
        content = {
            "model": alias_of(self.run),
            "timestamp": iso(self.began),
            "llm_response_id": self.response_id,
            "auto_continue_count": self.number,
        }
        return self._row("response_start", kind="llm_response_start", content=content, metadata=self._both())

    def _both(self) -> Row:
        return {"thread_run_id": self.thread_run_id, "llm_response_id": self.response_id}

    def _tool_rows(self) -> dict[str, Row]:
        turn, ends = self.turn, {"agent_should_terminate": True} if self.ends_here else {}
        output = _TOOL_OUTPUTS.get(turn.tool or "", _DONE)
        tool = self._row(
            "tool",
            kind="tool",
            content={
                "name": turn.tool,
                "role": "tool",
                "content": json.dumps(output),
                "tool_call_id": self.call_id,
            },
            metadata={
                "result": {"error": None, "output": output, "success": True},
                "tool_call_id": self.call_id,
                "function_name": turn.tool,
                "return_format": "native",
                "assistant_message_id": self.id("assistant"),
            },
            is_llm_message=True,
            by_agent=self.version == "d",
        )
        linked = {"linked_tool_result_message_id": self.id("tool")}
        # Recorded: d's database, unlike its stream, does not say that the tool ends the run.
        completed = linked if self.version == "d" else {**ends, **linked}
        rows = {
            "tool_started": self.tool_status("tool_started"),
            "tool": tool,
            "tool_completed": self.tool_status("tool_completed", metadata=completed),
        }
        if self.ends_here and self.version != "d":
            rows["terminated"] = self.status_row(
                "terminated", "finish", metadata=ends, finish_reason="agent_terminated"
            )
        return rows

    def _assistant(self) -> Row:
        turn = self.turn
        content: Row = {"role": "assistant", "content": turn.text}
        metadata: Row = {}
        if turn.tool:
            content["tool_calls"] = [self.tool_call()]
            metadata["tool_calls"] = [self.described_call(arguments=self.arguments)]
        if turn.text:
            metadata["text_content"] = turn.text
        metadata["thread_run_id"] = self.thread_run_id
        return self._row(
            "assistant",
            kind="assistant",
            content=content,
            metadata=metadata,
            is_llm_message=True,
            by_agent=True,
        )

    def _finish(self) -> Row:
        if not self.turn.tool:
            return self.status_row("finish", "finish", finish_reason="stop")
        if self.version != "d":
            return self.status_row("finish", "finish", finish_reason="tool_calls")
        ends = {"agent_should_terminate": True} if self.ends_here else {}
        return self.status_row(
            "finish", "finish", metadata=ends, finish_reason="tool_calls", tools_executed=True
        )

    def _response_end(self) -> Row:
        turn = self.turn
        usage: Row = {
            "total_tokens": turn.tokens_input + turn.tokens_output,
            "prompt_tokens": turn.tokens_input,
            "completion_tokens": turn.tokens_output,
            "prompt_tokens_details": {"cached_tokens": turn.tokens_cached},
        }
        content: Row = {
            "model": provider_model(self.run, version=self.version),
            "usage": usage,
            "llm_response_id": self.response_id,
        }
        if self.version != "d":
            unknown = ("text_tokens", "audio_tokens")
            usage["prompt_tokens_details"] |= dict.fromkeys((*unknown, "image_tokens"))
            predicted = ("accepted_prediction_tokens", "rejected_prediction_tokens")
            usage["completion_tokens_details"] = {
                **dict.fromkeys((*unknown, *predicted)),
                "reasoning_tokens": 0,
            }
            content |= self._litellm_chunk()
        return self._row("response_end", kind="llm_response_end", content=content, metadata=self._both())

    def _litellm_chunk(self) -> Row:
        turn = self.turn
        message = {
            "role": "assistant",
            "content": turn.text,
            "tool_calls": [self.tool_call()] if turn.tool else None,
        }
        reason = "agent_terminated" if self.ends_here else "tool_calls" if turn.tool else "stop"
        return {
            "id": f"chatcmpl-{self.response_id.replace('-', '')[:12]}",
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "created": int(self.began + self.length),
            "streaming": True,
            "response_ms": self.length * 1000.0,
            "system_fingerprint": None,
            "provider_specific_fields": None,
        }

    def _row(
        self,
        part: str,
        *,
        kind: str,
        content: Row,
        metadata: Row,
        is_llm_message: bool = False,
        by_agent: bool = False,
    ) -> Row:
        return {
            "message_id": self.id(part),
            "thread_id": self.run.thread_id,
            "type": kind,
            "is_llm_message": is_llm_message,
            "content": content,
            "metadata": metadata,
            "created_at": None,
            "updated_at": None,
            "agent_id": self.run.agent_id if by_agent else None,
            "agent_version_id": self.run.agent_version_id if by_agent else None,
        }


def dated(row: Row, at: float) -> Row:
    """Return a row with its times."""
    return {**row, "created_at": iso(at), "updated_at": iso(at)}
