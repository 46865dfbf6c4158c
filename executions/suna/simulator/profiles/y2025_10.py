"""Profile `2025-10`: c0, from 25 October to 3 December 2025.

One start for new and for existing threads, with a form for its body. What is not said here is as in b2.
"""

from typing import Any, ClassVar

from starlette.types import ASGIApp

from executions.suna.simulator.answers import Refusal, json_answer
from executions.suna.simulator.call import Call
from executions.suna.simulator.event_stream import Recording
from executions.suna.simulator.profiles.native_events import build_recording
from executions.suna.simulator.profiles.native_reading import shown_rows
from executions.suna.simulator.profiles.native_rows import build_rows, timing_of, user_row
from executions.suna.simulator.profiles.openapi import build_openapi
from executions.suna.simulator.profiles.operation import Operation
from executions.suna.simulator.profiles.refused_starts import coded_refusal
from executions.suna.simulator.profiles.y2025_08 import Wire202508
from executions.suna.simulator.profiles.y2025_10_routes import LISTED_ROUTES
from executions.suna.simulator.run import Run

START = "/api/agent/start"
_NATIVE = "c1"
"""The build whose rows and events those of the last c0 are like (suna-contract §1, `899f30a31`)."""
_GONE = ("/api/agent/initiate", "/api/thread/{thread_id}/agent/start")


class Wire202510(Wire202508):
    """Suna of November 2025."""

    name = "2025-10"
    variants: ClassVar[tuple[str, ...]] = ("c0",)

    @property
    def manner(self) -> str:
        """Behave like b2."""
        return "b2"

    def operations(self) -> list[Operation]:
        """Return the routes of b2, with the one start in place of the two."""
        kept = [operation for operation in super().operations() if operation.path not in _GONE]
        return [
            *kept,
            Operation(name="agent.start", method="POST", path=START, handler=self.start_by_form),
        ]

    def is_read_by_bearer_only(self, operation: Operation) -> bool:
        """Tell whether this is a late c0, which reads messages to bearers of a JWT only."""
        return operation.name == "messages.list" and self.world.options.jwt_reads is True

    def list_messages(self, call: Call) -> ASGIApp:
        """Answer the whole thread; in the last builds with native calls, and by default without contents."""
        if not self._calls_natively:
            return super().list_messages(call)
        thread = self.get_thread_of(call)
        now = self.world.clock()
        rows = [(message.created_at, user_row(thread, message)) for message in thread.messages]
        for run in thread.runs:
            self.world.settle(run)
            rows.extend(build_rows(run, version=_NATIVE, timing=timing_of(run, lag_s=0.0), now=now))
        return json_answer({"messages": shown_rows(rows, call=call)})

    def recording_of(self, run: Run) -> Recording:
        """Return what the stream of a run says: in the last builds as in c1, which came after them."""
        if not self._calls_natively:
            return super().recording_of(run)
        timing = timing_of(run, lag_s=0.0)
        return build_recording(run, timing=timing, piece_chars=self.world.options.piece_chars)

    @property
    def _calls_natively(self) -> bool:
        return self.name == "2025-10" and self.world.options.native_calls

    def openapi(self) -> dict[str, Any]:
        """Return the recorded routes."""
        return build_openapi(LISTED_ROUTES)

    def start_by_form(self, call: Call) -> ASGIApp:
        """Start an agent: on a new thread, or on one that is there, with one more prompt or without.

        All fields are optional to FastAPI, so a JSON body reads as none at all.
        """
        fields = call.form()
        prompt, agent_id = fields.get("prompt"), fields.get("agent_id")
        thread = self.get_thread(fields["thread_id"], call) if fields.get("thread_id") else None
        if thread is None and not prompt:
            raise Refusal(400, "prompt is required when creating a new thread")
        self.check_start(agent_id=agent_id)
        if thread is None:
            thread = self.begin_thread(prompt or "")
        elif prompt:
            self.world.add_message(thread, kind="user", is_llm_message=True, text=prompt)
        run = self.begin_by_form(thread, fields, call)
        return json_answer({"thread_id": thread.id, "agent_run_id": run.id, "status": "running"})

    def agent_cannot_start(self, agent_id: str) -> Exception:
        """Return 500, whose words are those of the loader."""
        return Refusal(500, f"Failed to start agent: Agent {agent_id} not found")

    def limit_reached(self, running: list[Run], limit: int) -> Refusal:
        """Return 429, or the 402 of a late c0."""
        if not self.world.options.error_codes:
            return super().limit_reached(running, limit)
        return Refusal(402, coded_refusal("AGENT_RUN_LIMIT_EXCEEDED", running=running, limit=limit))

    def model_denied(self, model_name: str | None) -> Refusal:
        """Return 403, or the 402 of a late c0."""
        if not self.world.options.error_codes:
            return super().model_denied(model_name)
        return Refusal(402, coded_refusal("MODEL_ACCESS_DENIED", running=[], limit=0))

    def payment_required(self, error_code: str | None) -> Any:
        """Return the detail of a 402; that of a late c0 has a code."""
        if not error_code and self.world.options.error_codes:
            error_code = "INSUFFICIENT_CREDITS"
        return super().payment_required(error_code)
