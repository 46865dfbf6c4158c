"""Profile `2026-01`: d, from January to March 2026.

A start is answered before the database has its rows, and one whose agent cannot be loaded never gets there,
although the agent runs. Rows come in batches, stops and many errors end no stream, and a reader can fail a
healthy run (suna-contract §3.4, §9.11 to §9.13, §9.26).
"""

import math
from typing import Any
from uuid import UUID, uuid4

from starlette.types import ASGIApp

from executions.suna.simulator.agents.script import Script
from executions.suna.simulator.answers import Refusal, UncaughtError, json_answer
from executions.suna.simulator.authentication import AuthenticationRules
from executions.suna.simulator.call import Call
from executions.suna.simulator.clock import iso
from executions.suna.simulator.profiles.native_models import PLAN_DEFAULT
from executions.suna.simulator.profiles.native_projects import (
    check_optimistic,
    is_uuid,
    project_thread_routes,
)
from executions.suna.simulator.profiles.native_rows import Timing, timing_of
from executions.suna.simulator.profiles.native_wire import NativeWire
from executions.suna.simulator.profiles.y2026_01_events import build_stream
from executions.suna.simulator.redis_stream import LateRefusal, RedisStream, StreamRules
from executions.suna.simulator.run import Run, Thread, UserMessage

_MISSING_WORKER = "Worker run not found"


class Wire202601(NativeWire):
    """Suna of the first months of 2026."""

    name = "2026-01"
    variants = ("d",)
    prompt_is_missing = "prompt required when creating new thread"
    unknown_agent = "Worker not found"
    server_key = "qualifiedName"

    def authentication(self) -> AuthenticationRules:
        """Return the rules; the words for what is no token at all are new."""
        return AuthenticationRules(
            reads_api_keys=True,
            verifies="signature",
            malformed="Invalid token format",
            no_subject="Invalid token",
            expired="Token has expired",
            wrong_signature="Invalid token signature",
            unknown_api_key="Invalid API key",
            stream="Authentication required",
        )

    def own_routes(self) -> list[tuple[str, str, str, Any]]:
        """Return the routes that came with this version."""
        status = ("run.status", "GET", "/v1/agent-runs/{agent_run_id}/status", self.run_status)
        return [status, *project_thread_routes(self)]

    def timing(self, run: Run) -> Timing:
        """Return the timing; rows are flushed in batches."""
        return timing_of(run, lag_s=self.seconds("lag_s"), flush_s=self.seconds("flush_s"))

    def start_by_form(self, call: Call) -> ASGIApp:
        """Answer a start; what the database gets of it comes later, or never."""
        fields = {name: value for name, value in call.form().items() if value != ""}
        is_optimistic = fields.get("optimistic") == "true"
        if is_optimistic:
            check_optimistic(fields, prompt_is_missing="prompt required for optimistic mode")
        thread = self._thread_asked(fields, call, is_optimistic=is_optimistic)
        if thread is None and "prompt" not in fields:
            raise Refusal(400, self.prompt_is_missing)
        self._check_slots()
        now = self.world.clock()
        visible_at = now + self.seconds("pending_s")
        is_known = self._is_known_agent(fields)
        if thread is not None and is_optimistic:
            # The thread is there already, so that no row of this run can be written; it runs all the same.
            visible_at = math.inf
        elif thread is None:
            refusal = self.thread_limit.refusal(self.version, at_start=True)
            if refusal is not None:
                raise refusal
            visible_at = visible_at if is_known else math.inf
            thread = self._new_thread(fields, visible_at=visible_at, is_optimistic=is_optimistic)
            self._put_prompt(thread, fields["prompt"], at=now + self.seconds("pending_s"))
        elif "prompt" in fields:
            self._put_prompt(thread, fields["prompt"], at=visible_at)
        run = self._begin(thread, fields, is_known=is_known, visible_at=visible_at)
        call.entry.run_id, call.entry.thread_id = run.id, thread.id
        if call.vanish:
            self.world.remove_run(run)
        return json_answer(self.start_reply(thread, run))

    def start_reply(self, thread: Thread, run: Run) -> dict[str, Any]:
        """Return the full answer."""
        return {
            "thread_id": thread.id,
            "agent_run_id": run.id,
            "project_id": thread.project_id,
            "sandbox_id": None,
            "status": "running",
            "timing_breakdown": None,
        }

    def run_status(self, call: Call) -> ASGIApp:
        """Answer the short form of a run's state."""
        run = self._visible_run(call, _MISSING_WORKER)
        return json_answer({"status": run.status, "error": run.error})

    def list_thread_runs(self, call: Call) -> ASGIApp:
        """Answer the runs of a thread that the database has."""
        thread = self._known_thread(call)
        if not self._is_visible(thread.visible_at):
            shown = [
                {
                    "id": run.id,
                    "status": "running",
                    "started_at": iso(run.started_at),
                    "completed_at": None,
                }
                for run in thread.runs
            ]
            return json_answer({"agent_runs": shown, "_pending": True})
        runs = [run for run in reversed(thread.runs) if self._is_visible(run.visible_at)]
        return json_answer({"agent_runs": [self.run_row(run) for run in runs]})

    def list_messages(self, call: Call) -> ASGIApp:
        """Answer the thread, as far as it is written."""
        thread = self._known_thread(call)
        if not self._is_visible(thread.visible_at):
            return json_answer({"messages": [], "_pending": True})
        return super().list_messages(call)

    def active_runs(self, call: Call) -> ASGIApp:
        """Answer the runs under way that the database has."""
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
                    if self._is_visible(run.visible_at)
                ]
            }
        )

    def stop_run(self, call: Call) -> ASGIApp:
        """Stop a run; one that the database does not have yet is not found, and goes on."""
        run = self._visible_run(call, _MISSING_WORKER)
        answer = super().stop_run(call)
        run.error = None
        if not run.ended:
            # There is no queue here: the run is in the server that is told to stop it.
            run.ended, run.cut_at = True, self.world.clock()
        return answer

    def stream(self, call: Call) -> ASGIApp:
        """Answer the stream of a run; it is there before the database's row, and without one."""
        run = self.find_run(call)
        if run is None or call.vanish:
            return LateRefusal(Refusal(404, _MISSING_WORKER), after_s=self.seconds("wait_for_run_s"))
        call.entry.run_id, call.entry.thread_id = run.id, run.thread_id
        rules = StreamRules(
            ping_s=self.seconds("ping_s"),
            gone_after_s=self.seconds("stream_s"),
            expires_after_s=self.seconds("stream_s"),
            silence_s=self.seconds("silence_s"),
        )
        return RedisStream(
            entries=[] if call.replay_expired else build_stream(run, timing=self.timing(run)),
            run=run,
            rules=rules,
            settle=lambda: self.world.settle(run),
            clock=self.world.clock,
            last_id=call.query.get("last_id"),
            cut=call.cut,
            noise_after=call.noise_after,
        )

    def final_status(self, script: Script) -> tuple[str, str | None]:
        """Return what the database says in the end."""
        if script.outcome == "out_of_budget":
            return "stopped", None
        if script.outcome == "shutdown":
            return "stopped", "Instance shutdown: simulator"
        if script.outcome == "crash":
            return "failed", script.error
        return super().final_status(script)

    def get_run_of(self, call: Call) -> Run:
        """Return the run of a call if the database has it."""
        return self._visible_run(call, self.run_is_missing)

    def _visible_run(self, call: Call, missing: str) -> Run:
        run = super().get_run_of(call)
        if not self._is_visible(run.visible_at):
            raise Refusal(404, missing)
        return run

    def _is_visible(self, visible_at: float) -> bool:
        return self.world.clock() >= visible_at

    def _known_thread(self, call: Call) -> Thread:
        thread_id = call.path_params["thread_id"]
        if thread_id not in self.world.threads and not is_uuid(thread_id):
            raise UncaughtError("invalid input syntax for type uuid")
        thread = self.get_thread(thread_id, call)
        forgotten_at = thread.created_at + self.seconds("pending_key_s")
        if not self._is_visible(thread.visible_at) and self.world.clock() >= forgotten_at:
            raise Refusal(404, "Thread not found")
        return thread

    def _thread_asked(self, fields: dict[str, str], call: Call, *, is_optimistic: bool) -> Thread | None:
        thread_id = fields.get("thread_id")
        if thread_id is None:
            return None
        if is_optimistic:
            return self.world.threads.get(str(UUID(thread_id)))
        if thread_id not in self.world.threads and not is_uuid(thread_id):
            problem = f'invalid input syntax for type uuid: "{thread_id}"'
            query = "SELECT project_id, account_id FROM threads WHERE thread_id = :thread_id"
            raise Refusal(500, f"Failed to start agent: (psycopg.errors) {problem} [SQL: {query}]")
        thread = self.get_thread(thread_id, call)
        if not self._is_visible(thread.visible_at):
            raise Refusal(404, "Thread not found")
        return thread

    def _check_slots(self) -> None:
        limit = self.world.options.parallel_limit
        running = self.world.running_runs() if limit is not None else []
        if limit is not None and len(running) >= limit:
            raise self.limit_reached(running, limit)

    def _is_known_agent(self, fields: dict[str, str]) -> bool:
        # The simulated account has no default agent, as one that was made without the sign-up hook.
        agent_id = fields.get("agent_id")
        return agent_id is not None and self.world.catalogue.find(agent_id) is not None

    def _new_thread(self, fields: dict[str, str], *, visible_at: float, is_optimistic: bool) -> Thread:
        thread = self.world.create_thread(
            name=fields["prompt"][:30],
            thread_id=str(UUID(fields["thread_id"])) if is_optimistic else None,
            project_id=str(UUID(fields["project_id"])) if is_optimistic else None,
        )
        thread.visible_at = visible_at
        return thread

    def _put_prompt(self, thread: Thread, prompt: str, *, at: float) -> None:
        thread.messages.append(
            UserMessage(id=str(uuid4()), kind="user", is_llm_message=True, text=prompt, created_at=at)
        )

    def _begin(self, thread: Thread, fields: dict[str, str], *, is_known: bool, visible_at: float) -> Run:
        asked = fields.get("model_name")
        run = self.world.start_run(
            thread,
            agent_id=fields.get("agent_id") if is_known else None,
            model_name=asked or PLAN_DEFAULT,
            final=self.final_status,
            texts=self._texts_seen(thread, has_prompt="prompt" in fields),
        )
        run.model_asked = asked
        run.visible_at = visible_at
        return run

    def _texts_seen(self, thread: Thread, *, has_prompt: bool) -> list[str]:
        """Return the prompts that the model is given: those of a cache, where a run has filled it lately."""
        messages = [message for message in thread.messages if message.kind == "user"]
        last = thread.runs[-1] if thread.runs else None
        cached_until = last.started_at + self.seconds("cache_s") if last else 0.0
        if last is not None and not has_prompt and self.world.clock() < cached_until:
            known_at = max(last.started_at + self.seconds("pending_s"), last.visible_at)
            if math.isfinite(known_at):
                messages = [message for message in messages if message.created_at <= known_at]
        return [message.text for message in messages]
