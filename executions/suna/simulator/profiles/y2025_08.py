"""Profile `2025-08`: b1 (29 July to 28 August 2025) and b2 (to 24 October 2025).

What differs between the two: the page marks and the agent object, 404 or 500 for a missing agent, the list
of active runs (b2 only; in b1 the same path hits a broken route), what a failed model call leaves behind,
and how tokens are reported (see `y2025_08_rows`).
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from starlette.types import ASGIApp

from executions.suna.simulator.agents.script import Script
from executions.suna.simulator.answers import Refusal, invalid, json_answer
from executions.suna.simulator.authentication import AuthenticationRules
from executions.suna.simulator.call import Call
from executions.suna.simulator.clock import iso
from executions.suna.simulator.event_stream import (
    EventStream,
    Recording,
    up_to_the_end,
    with_chunks_unordered,
    without_events,
)
from executions.suna.simulator.profiles.openapi import build_openapi
from executions.suna.simulator.profiles.operation import Operation
from executions.suna.simulator.profiles.refused_starts import coded_refusal, parallel_runs
from executions.suna.simulator.profiles.y2025_08_account import all_flags, one_flag, usage_logs
from executions.suna.simulator.profiles.y2025_08_agents import Agents202508
from executions.suna.simulator.profiles.y2025_08_errors import model_error_text, traceback_of
from executions.suna.simulator.profiles.y2025_08_events import build_recording
from executions.suna.simulator.profiles.y2025_08_routes import routes_of
from executions.suna.simulator.profiles.y2025_08_rows import build_rows, user_row
from executions.suna.simulator.run import Run, Thread

OPEN = ("health", "flags.list", "flags.get")
_START = "/api/thread/{thread_id}/agent/start"
PLAN_DEFAULT = "anthropic/claude-haiku-4-5"
_ACTIVE_RUNS = "/api/agent-runs/active"
_TEXT: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_FLAG: dict[str, Any] = {"anyOf": [{"type": "boolean"}, {"type": "null"}]}
_FIELDS = {"model_name": _TEXT, "agent_id": _TEXT}
_START_BODY_OF_B2 = {"type": "object", "title": "AgentStartRequest", "properties": _FIELDS}
START_BODY_OF_B1 = {
    "type": "object",
    "title": "AgentStartRequest",
    "properties": _FIELDS
    | {
        "enable_thinking": _FLAG,
        "reasoning_effort": _TEXT,
        "stream": _FLAG,
        "enable_context_manager": _FLAG,
    },
}


class Wire202508(Agents202508):
    """Suna of August to October 2025."""

    name = "2025-08"
    variants: ClassVar[tuple[str, ...]] = ("b1", "b2")
    reads_api_keys = True
    replay_s: ClassVar[float] = 24 * 3600.0

    def authentication(self) -> AuthenticationRules:
        """Return the rules; b2 looks at the time a token expires at, b1 did not."""
        verifies: Literal["subject", "expiry"] = "subject" if self.manner == "b1" else "expiry"
        return AuthenticationRules(reads_api_keys=self.reads_api_keys, verifies=verifies)

    def operations(self) -> list[Operation]:
        """Return the routes that Renum's port needs, and those that tell the variants apart."""
        routes = [
            ("health", "GET", "/api/health", self.health),
            ("threads.create", "POST", "/api/threads", self.create_thread),
            ("messages.add", "POST", "/api/threads/{thread_id}/messages", self.add_message),
            ("messages.list", "GET", "/api/threads/{thread_id}/messages", self.list_messages),
            ("agent.start", "POST", _START, self.start),
            ("agent.start", "POST", "/api/agent/initiate", self.initiate),
            ("thread.runs", "GET", "/api/thread/{thread_id}/agent-runs", self.list_thread_runs),
            ("run.get", "GET", "/api/agent-run/{agent_run_id}", self.get_run),
            ("run.stop", "POST", "/api/agent-run/{agent_run_id}/stop", self.stop_run),
            ("run.stream", "GET", "/api/agent-run/{agent_run_id}/stream", self.stream),
            ("agents.list", "GET", "/api/agents", self.list_agents),
            ("agents.create", "POST", "/api/agents", self.create_agent),
            ("agent.get", "GET", "/api/agents/{agent_id}", self.get_agent),
            ("agent.edit", "PUT", "/api/agents/{agent_id}", self.edit_agent),
        ]
        if self._lists_active_runs:
            routes.append(("runs.active", "GET", _ACTIVE_RUNS, self.active_runs))
        if self.manner == "b1":
            routes.append(("runs.broken", "GET", "/api/agent-runs/{agent_run_id}", self.broken_run))
            routes.extend(self.account_routes())
        return [
            Operation(name=name, method=method, path=path, handler=handler, is_open=name in OPEN)
            for name, method, path, handler in routes
        ]

    def account_routes(self) -> list[tuple[str, str, str, Callable[[Call], ASGIApp]]]:
        """Return what b0 and b1 alone have. The recorded routes leave these out, and so does our document."""
        return [
            ("flags.list", "GET", "/api/feature-flags", self.list_flags),
            ("flags.get", "GET", "/api/feature-flags/{flag_name}", self.get_flag),
            ("usage.logs", "GET", "/api/billing/usage-logs", self.list_usage),
        ]

    def list_flags(self, _: Call) -> ASGIApp:
        """Answer the feature flags, whoever asks."""
        return json_answer(all_flags(self.world))

    def get_flag(self, call: Call) -> ASGIApp:
        """Answer one feature flag, whoever asks."""
        return json_answer(one_flag(self.world, call.path_params["flag_name"]))

    def list_usage(self, call: Call) -> ASGIApp:
        """Answer a page of what was used."""
        return json_answer(usage_logs(self.world, call))

    @property
    def lingers(self) -> bool:
        """Whether this is a b2 or c0 without keys for Langfuse: workers die at the end (suna-contract §9)."""
        return self.manner == "b2" and not self.world.options.langfuse

    def openapi(self) -> dict[str, Any]:
        """Return the recorded routes; the start's body has more fields in b1 than in b2."""
        schema = START_BODY_OF_B1 if self.manner == "b1" else _START_BODY_OF_B2
        listed = [route for route in routes_of(self.variant) if route[1] != _ACTIVE_RUNS]
        if self._lists_active_runs:
            listed.append(("GET", _ACTIVE_RUNS))
        return build_openapi(listed, schemas={f"POST {_START}": schema})

    @property
    def _lists_active_runs(self) -> bool:
        chosen = self.world.options.active_runs
        return self.manner == "b2" if chosen is None else chosen

    def add_message(self, call: Call) -> ASGIApp:
        """Put a message on a thread."""
        thread = self.get_thread_of(call)
        body = call.json_object()
        for name in ("type", "content"):
            if name not in body:
                raise invalid("missing", ["body", name], "Field required", body)
            if not isinstance(body[name], str):
                raise invalid("string_type", ["body", name], "Input should be a valid string", body[name])
        message = self.world.add_message(
            thread,
            kind=body["type"],
            is_llm_message=bool(body.get("is_llm_message", True)),
            text=body["content"],
        )
        return json_answer(user_row(thread, message))

    def list_messages(self, call: Call) -> ASGIApp:
        """Answer the whole thread: what people wrote and what the runs' workers have written by now."""
        thread = self.get_thread_of(call)
        now = self.world.clock()
        rows = [(message.created_at, user_row(thread, message)) for message in thread.messages]
        for run in thread.runs:
            self.world.settle(run)
            rows.extend(build_rows(run, variant=self.manner, now=now))
        rows.sort(key=lambda timed: timed[0], reverse=call.query.get("order", "desc") == "desc")
        return json_answer({"messages": [row for _, row in rows]})

    def start(self, call: Call) -> ASGIApp:
        """Start an agent on what is on the thread. An `initial_prompt` is ignored like any unknown field."""
        body = call.json_object()
        thread = self.get_thread_of(call)
        agent_id, model_name = body.get("agent_id"), body.get("model_name")
        for name, value in (("agent_id", agent_id), ("model_name", model_name)):
            if value is not None and not isinstance(value, str):
                raise invalid("string_type", ["body", name], "Input should be a valid string", value)
        run = self.begin_run(thread, agent_id=agent_id, model_name=model_name, call=call)
        return json_answer({"agent_run_id": run.id, "status": "running"})

    def initiate(self, call: Call) -> ASGIApp:
        """Make a thread with a prompt on it, and a run. The body is a form; the prompt may be empty."""
        fields = call.form()
        if "prompt" not in fields:
            raise invalid("missing", ["body", "prompt"], "Field required", None)
        agent_id = fields.get("agent_id")
        self.check_start(agent_id=agent_id)
        thread = self.begin_thread(fields["prompt"], as_string=self.manner == "b1")
        run = self.begin_by_form(thread, fields, call)
        return json_answer({"thread_id": thread.id, "agent_run_id": run.id})

    def begin_by_form(self, thread: Thread, fields: dict[str, str], call: Call) -> Run:
        """Start the run. From b2 on a model that is not named is the plan's, whatever the agent's own is."""
        asked = fields.get("model_name") or None
        model_name = asked or (PLAN_DEFAULT if self.manner == "b2" else None)
        run = self.begin_run(thread, agent_id=fields.get("agent_id"), model_name=model_name, call=call)
        run.model_asked = asked
        return run

    def stream(self, call: Call) -> ASGIApp:
        """Answer the stream of a run, from its first event on, until the list of its events expires."""
        run = self.get_run_of(call)
        recording = self.recording_of(run)
        if call.replay_expired or self._is_expired(run):
            recording = without_events(recording)
        if call.error_follows:
            recording = up_to_the_end(recording)
        if call.unordered:
            recording = with_chunks_unordered(recording)
        return EventStream(
            recording=recording,
            run=run,
            settle=lambda: self.world.settle(run),
            clock=self.world.clock,
            cut=call.cut,
            noise_after=call.noise_after,
        )

    def recording_of(self, run: Run) -> Recording:
        """Return what the stream of a run says."""
        return build_recording(run, variant=self.manner, piece_chars=self.world.options.piece_chars)

    def _is_expired(self, run: Run) -> bool:
        chosen = self.world.options.replay_s
        replay_s = self.replay_s if chosen is None else chosen
        return run.completed_at is not None and self.world.clock() - run.completed_at >= replay_s

    def active_runs(self, _: Call) -> ASGIApp:
        """Answer every run of the account that is under way (the later builds of b2)."""
        return json_answer(
            {
                "active_runs": [
                    {
                        "id": run.id,
                        "thread_id": run.thread_id,
                        "status": run.status,
                        "started_at": iso(run.started_at),
                    }
                    for run in self.world.running_runs()
                ]
            }
        )

    def broken_run(self, _: Call) -> ASGIApp:
        """Fail as b1 always does here: it asks for a column that the table has not."""
        problem = {
            "message": "column t.agent_run_id does not exist",
            "code": "42703",
            "hint": None,
            "details": None,
        }
        raise Refusal(500, f"Failed to fetch agent run: {problem}")

    def final_status(self, script: Script) -> tuple[str, str | None]:
        """Return what the database says in the end. In b1 a run whose model failed is `completed`."""
        if script.outcome == "raw":
            return script.raw_status or "completed", None
        if script.outcome == "out_of_budget":
            return "stopped", f"Billing limit reached: {script.error}"
        if script.outcome == "shutdown":
            return "failed", "Instance simulator shutting down"
        if script.outcome == "crash":
            return "failed", f"{script.error}\n{traceback_of(script.error)}"
        if script.outcome == "model_error" and self.manner == "b2":
            return "failed", model_error_text(script.error, variant=self.manner)
        return "completed", None

    def too_many_runs(self, running: list[Run], limit: int) -> Any:
        """Return the detail of the 429 of the parallel limit."""
        return parallel_runs(running, limit)

    def payment_required(self, error_code: str | None) -> Any:
        """Return the detail of a 402. Error codes came in November 2025; they are here on demand only."""
        detail: dict[str, Any] = {"message": "Billing check failed: no credits left."}
        if error_code:
            running = self.world.running_runs()
            limit = self.world.options.parallel_limit or max(1, len(running))
            return coded_refusal(error_code, running=running, limit=limit)
        if self.manner == "b1":
            detail["subscription"] = {"price_id": "free", "plan_name": "free"}
        return detail
