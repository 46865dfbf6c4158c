"""What c1, c2 and d have in common: /v1, one start for all threads, verified tokens, readings by JWT alone.

The rest is as in c0. A version here is also the name of the build: `c1`, `c2` or `d`.
"""

import asyncio
from typing import Any

from starlette.types import ASGIApp

from executions.suna.simulator.agents.script import Script
from executions.suna.simulator.answers import Refusal, json_answer
from executions.suna.simulator.authentication import AuthenticationRules
from executions.suna.simulator.call import Call
from executions.suna.simulator.catalogue import CatalogueAgent
from executions.suna.simulator.profiles.native_errors import STOP_ERRORS, model_error_text
from executions.suna.simulator.profiles.native_limits import ThreadLimit, refusal_of
from executions.suna.simulator.profiles.native_models import PLAN_DEFAULT
from executions.suna.simulator.profiles.native_openapi import build_kortix_openapi
from executions.suna.simulator.profiles.native_reading import shown_rows
from executions.suna.simulator.profiles.native_rows import (
    Timing,
    build_rows,
    timing_of,
    user_row,
)
from executions.suna.simulator.profiles.operation import Operation
from executions.suna.simulator.profiles.y2025_08_errors import traceback_of
from executions.suna.simulator.profiles.y2025_10 import Wire202510
from executions.suna.simulator.run import Run, Thread
from executions.suna.simulator.world import World

START = "/v1/agent/start"


class NativeWire(Wire202510):
    """Suna from December 2025 on."""

    run_is_missing = "Agent run not found"
    prompt_is_missing = "prompt is required when creating a new thread"

    def __init__(self, world: World, *, variant: str) -> None:
        super().__init__(world, variant=variant)
        self.thread_limit = ThreadLimit(world)

    @property
    def version(self) -> str:
        """The build that it plays."""
        return self.variant

    def authentication(self) -> AuthenticationRules:
        """Return the rules of verified tokens (suna-contract §9.4, §9.5)."""
        return AuthenticationRules(
            reads_api_keys=True,
            verifies="signature",
            no_subject="Invalid token",
            expired="Token has expired",
            wrong_signature="Invalid token signature",
            unknown_api_key="Invalid API key",
            stream="Authentication required",
        )

    def operations(self) -> list[Operation]:
        """Return the routes that Renum's port needs, and those that tell the versions apart."""
        routes = [
            ("health", "GET", "/v1/health", self.health),
            ("threads.create", "POST", "/v1/threads", self.create_thread),
            ("messages.add", "POST", "/v1/threads/{thread_id}/messages", self.add_message),
            ("messages.list", "GET", "/v1/threads/{thread_id}/messages", self.list_messages),
            ("agent.start", "POST", START, self.start_by_form),
            ("thread.runs", "GET", "/v1/thread/{thread_id}/agent-runs", self.list_thread_runs),
            ("runs.active", "GET", "/v1/agent-runs/active", self.active_runs),
            ("run.get", "GET", "/v1/agent-run/{agent_run_id}", self.get_run),
            ("run.stop", "POST", "/v1/agent-run/{agent_run_id}/stop", self.stop_run),
            ("run.stream", "GET", "/v1/agent-run/{agent_run_id}/stream", self.stream),
            ("agents.list", "GET", "/v1/agents", self.list_agents),
            ("agents.create", "POST", "/v1/agents", self.create_agent),
            ("agent.get", "GET", "/v1/agents/{agent_id}", self.get_agent),
            ("agent.edit", "PUT", "/v1/agents/{agent_id}", self.edit_agent),
            *self.own_routes(),
        ]
        return [
            Operation(
                name=name,
                method=method,
                path=path,
                handler=handler,
                is_open=name == "health",
            )
            for name, method, path, handler in routes
        ]

    def is_read_by_bearer_only(self, operation: Operation) -> bool:
        """Tell whether an operation looks at the JWT alone, as the reading of messages does."""
        return operation.name == "messages.list" and self.world.options.jwt_reads is not False

    def own_routes(self) -> list[tuple[str, str, str, Any]]:
        """Return the routes that this version alone has."""
        return []

    def openapi(self) -> dict[str, Any]:
        """Return the recorded routes and the fields of the start's form."""
        return build_kortix_openapi(self.version, start=START)

    def timing(self, run: Run) -> Timing:
        """Return when the run's worker is done, and how its rows reach the database."""
        return timing_of(run, lag_s=self.seconds("lag_s"))

    def seconds(self, name: str) -> float:
        """Return one of the version's own times, shortened by the simulator's speed."""
        return float(getattr(self.world.options.times, name)) / self.world.settings.speed

    def create_thread(self, call: Call) -> ASGIApp:
        """Make a thread; a plan's limit is wrapped into a 500 whose text is a Python object (§1.3)."""
        refusal = self.thread_limit.refusal(self.version, at_start=False)
        if refusal is not None:
            raise Refusal(500, f"Failed to create thread: 402: {refusal.detail!r}")
        return super().create_thread(call)

    def add_message(self, call: Call) -> ASGIApp:
        """Put a message on a thread, unless it is empty."""
        if call.json_object().get("content") == "":
            self.get_thread_of(call)
            raise Refusal(400, "Message content cannot be empty")
        return super().add_message(call)

    def list_messages(self, call: Call) -> ASGIApp:
        """Answer the whole thread; unless told otherwise without the content of what agents wrote."""
        thread = self.get_thread_of(call)
        return json_answer({"messages": shown_rows(self.rows_of(thread), call=call)})

    def rows_of(self, thread: Thread) -> list[tuple[float, dict[str, Any]]]:
        """Return what the thread's table has now, with the times."""
        now = self.world.clock()
        rows = [
            (message.created_at, user_row(thread, message))
            for message in thread.messages
            if message.created_at <= now
        ]
        for run in thread.runs:
            self.world.settle(run)
            rows.extend(build_rows(run, version=self.version, timing=self.timing(run), now=now))
        return rows

    def start_by_form(self, call: Call) -> ASGIApp:
        """Start an agent; the prompt of an existing thread may be there already."""
        fields = {name: value for name, value in call.form().items() if value != ""}
        thread = self.get_thread(fields["thread_id"], call) if "thread_id" in fields else None
        if thread is None and "prompt" not in fields:
            raise Refusal(400, self.prompt_is_missing)
        self.check_start(agent_id=fields.get("agent_id"))
        if thread is None:
            refusal = self.thread_limit.refusal(self.version, at_start=True)
            if refusal is not None:
                raise refusal
            thread = self.begin_thread(fields["prompt"])
        elif "prompt" in fields:
            self.world.add_message(thread, kind="user", is_llm_message=True, text=fields["prompt"])
        run = self.begin(thread, fields, call)
        return json_answer(self.start_reply(thread, run))

    def begin(self, thread: Thread, fields: dict[str, str], call: Call) -> Run:
        """Start the run. Without a model's name it is the plan's, not the agent's own (the model trap)."""
        asked = fields.get("model_name")
        run = self.begin_run(
            thread, agent_id=fields.get("agent_id"), model_name=asked or PLAN_DEFAULT, call=call
        )
        run.model_asked = asked
        return run

    def start_reply(self, thread: Thread, run: Run) -> dict[str, Any]:
        """Return the body of a start's answer."""
        return {"thread_id": thread.id, "agent_run_id": run.id, "status": "running"}

    def stop_run(self, call: Call) -> ASGIApp:
        """Stop a run, also one that is over; its worker adds a word when it notices."""
        run = self.get_run_of(call)
        self.world.stop_run(run)
        if run.cut_at is not None and run.ends_at is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self.seconds("notice_s"), self._notice_stop, run)
        return json_answer({"status": "stopped"})

    def _notice_stop(self, run: Run) -> None:
        if run.status == "stopped":
            run.error = STOP_ERRORS[self.version]
            run.completed_at = self.world.clock()

    def final_status(self, script: Script) -> tuple[str, str | None]:
        """Return what the database says in the end."""
        if script.outcome == "out_of_budget":
            return "stopped", f"Insufficient credits: {script.error}"
        if script.outcome == "crash":
            return "failed", f"{script.error}\n{traceback_of(script.error)}"
        if script.outcome == "model_error":
            return "failed", model_error_text(script.error, version=self.version)
        return super().final_status(script)

    def limit_reached(self, running: list[Run], limit: int) -> Refusal:
        """Return the 402 of the run slots (from 9 November 2025 on)."""
        return refusal_of(self.version, "AGENT_RUN_LIMIT_EXCEEDED", running=running, limit=limit)

    def model_denied(self, model_name: str | None) -> Refusal:
        """Return the 402 of a model that the plan has not."""
        return refusal_of(self.version, "MODEL_ACCESS_DENIED", running=[], limit=0)

    @property
    def lingers(self) -> bool:
        """Whether runs that end never say so: that was repaired on 23 November 2025."""
        return False

    def too_many_runs(self, running: list[Run], limit: int) -> Any:
        """Return the detail of that refusal."""
        return self.limit_reached(running, limit).detail

    def payment_required(self, error_code: str | None) -> Any:
        """Return the detail of a 402; without a code it is the plan's credits that are used up."""
        running = self.world.running_runs()
        limit = self.world.options.parallel_limit or len(running)
        code = error_code or "INSUFFICIENT_CREDITS"
        return refusal_of(self.version, code, running=running, limit=limit).detail

    def agent_object(self, agent: CatalogueAgent, *, in_list: bool) -> dict[str, Any]:
        """Return an agent; one of its tools was replaced between c1 and c2."""
        shown = super().agent_object(agent, in_list=in_list)
        if self.version != "c1":
            for holder in (shown, shown["current_version"] or {}):
                tools = holder.get("agentpress_tools", {})
                if tools.pop("data_providers_tool", None):
                    tools["sb_git_sync"] = {"enabled": True, "description": "sb_git_sync tool"}
        return shown

    def get_run_of(self, call: Call) -> Run:
        """Return the run of a call, or refuse in the words of this version."""
        try:
            return super().get_run_of(call)
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            raise Refusal(404, self.run_is_missing) from None
