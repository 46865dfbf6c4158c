"""Profile `2025-08`: b1 (29 July to 28 August 2025) and b2 (to 24 October 2025).

What differs between the two: the page marks and the agent object, 404 or 500 for a missing agent, the list
of active runs (b2 only; in b1 the same path hits a broken route), what a failed model call leaves behind,
and how tokens are reported (see `y2025_08_rows`).
"""

from typing import Any, ClassVar, Literal

from starlette.types import ASGIApp

from executions.suna.simulator.agents.script import Script
from executions.suna.simulator.answers import Refusal, UncaughtError, invalid, json_answer
from executions.suna.simulator.authentication import AuthenticationRules
from executions.suna.simulator.call import Call
from executions.suna.simulator.catalogue import CatalogueAgent
from executions.suna.simulator.clock import iso
from executions.suna.simulator.event_stream import EventStream
from executions.suna.simulator.profiles.openapi import build_openapi
from executions.suna.simulator.profiles.operation import Operation
from executions.suna.simulator.profiles.threads_and_runs import ThreadsAndRuns
from executions.suna.simulator.profiles.y2025_08_errors import model_error_text, traceback_of
from executions.suna.simulator.profiles.y2025_08_events import build_recording
from executions.suna.simulator.profiles.y2025_08_routes import routes_of
from executions.suna.simulator.profiles.y2025_08_rows import build_rows, user_row
from executions.suna.simulator.run import Run

_START = "/api/thread/{thread_id}/agent/start"
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
_TOOL_NAMES = (
    "ask_tool browser_tool trigger_tool sb_files_tool sb_shell_tool sb_expose_tool sb_vision_tool "
    "task_list_tool mcp_search_tool web_search_tool agent_config_tool image_search_tool people_search_tool "
    "sb_image_edit_tool agent_creation_tool data_providers_tool expand_message_tool sb_presentation_tool "
    "credential_profile_tool"
)


class Wire202508(ThreadsAndRuns):
    """Suna of August to October 2025."""

    name = "2025-08"
    variants: ClassVar[tuple[str, ...]] = ("b1", "b2")
    reads_api_keys = True

    @property
    def manner(self) -> str:
        """Which of the two builds it behaves like; so do the versions before and after these."""
        return self.variant

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
        ]
        if self._lists_active_runs:
            routes.append(("runs.active", "GET", _ACTIVE_RUNS, self.active_runs))
        if self.manner == "b1":
            routes.append(("runs.broken", "GET", "/api/agent-runs/{agent_run_id}", self.broken_run))
        return [
            Operation(name=name, method=method, path=path, handler=handler, is_open=name == "health")
            for name, method, path, handler in routes
        ]

    def openapi(self) -> dict[str, Any]:
        """Return the recorded routes; the start's body has more fields in b1 than in b2."""
        schema = START_BODY_OF_B1 if self.manner == "b1" else _START_BODY_OF_B2
        listed = [route for route in routes_of(self.variant) if route[1] != _ACTIVE_RUNS]
        if self._lists_active_runs:
            listed.append(("GET", _ACTIVE_RUNS))
        return build_openapi(listed, schemas={f"POST {_START}": schema})

    @property
    def _lists_active_runs(self) -> bool:
        chosen = self.world.settings.active_runs
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
        run = self.begin_run(thread, agent_id=agent_id, model_name=fields.get("model_name"), call=call)
        return json_answer({"thread_id": thread.id, "agent_run_id": run.id})

    def stream(self, call: Call) -> ASGIApp:
        """Answer the stream of a run, from its first event on."""
        run = self.get_run_of(call)
        return EventStream(
            recording=build_recording(run, variant=self.manner),
            run=run,
            settle=lambda: self.world.settle(run),
            clock=self.world.clock,
            cut=call.cut,
        )

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

    def agent_object(self, agent: CatalogueAgent, *, in_list: bool) -> dict[str, Any]:
        """Return an agent; b2 shows other fields, and in a list only half of them."""
        shown = super().agent_object(agent, in_list=in_list)
        if self.manner == "b1":
            return shown
        tools = {
            name: {"enabled": name != "people_search_tool", "description": f"{name} tool"}
            for name in _TOOL_NAMES.split()
        }
        del shown["avatar"], shown["avatar_color"]
        shown |= {"icon_name": "bot", "icon_color": "#000000", "icon_background": "#F3F4F6", "model": None}
        if in_list:
            return shown | {"system_prompt": None, "current_version": None}
        version = shown["current_version"] | {"model": agent.model, "agentpress_tools": tools}
        changes = {"account_id": None, "model": agent.model, "agentpress_tools": tools}
        return shown | changes | {"current_version": version}

    def pagination(self, *, page: int, limit: int, total: int) -> dict[str, Any]:
        """Return the page marks; their names changed on 26 August 2025."""
        if self.manner == "b1":
            return super().pagination(page=page, limit=limit, total=total)
        pages = -(-total // limit)
        return {
            "current_page": page,
            "page_size": limit,
            "total_items": total,
            "total_pages": pages,
            "has_next": page < pages,
            "has_previous": page > 1,
        }

    def too_many_runs(self, running: list[Run], limit: int) -> Any:
        """Return the detail of the 429 of the parallel limit."""
        return {
            "message": (
                f"Maximum of {limit} parallel agent runs allowed within 24 hours. "
                f"You currently have {len(running)} running."
            ),
            "running_thread_ids": [run.thread_id for run in running],
            "running_count": len(running),
            "limit": limit,
        }

    def payment_required(self, error_code: str | None) -> Any:
        """Return the detail of a 402. Error codes came in November 2025; they are here on demand only."""
        detail: dict[str, Any] = {"message": "Billing check failed: no credits left."}
        if error_code:
            return detail | {"error_code": error_code}
        if self.manner == "b1":
            detail["subscription"] = {"price_id": "free", "plan_name": "free"}
        return detail

    def agent_is_missing(self, agent_id: str) -> Exception:
        """Return 404 in b1, and 500 in b2, whose loader raises a plain error."""
        if self.manner == "b1":
            return Refusal(404, "Agent not found")
        return Refusal(500, f"Failed to fetch agent: Agent {agent_id} not found")

    def agent_cannot_start(self, agent_id: str) -> Exception:
        """Return 404 in b1, and an uncaught error in b2."""
        if self.manner == "b1":
            return Refusal(404, "Agent not found or access denied")
        return UncaughtError(f"Agent {agent_id} not found")
