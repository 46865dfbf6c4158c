"""Profile `2025-12`: c1 (4 to 6 December 2025) and c2 (to 2 January 2026).

c1 still keeps a list of events and a control channel; c2 has a Redis stream with pings, answers with a
project, and may start a run after its answer (`optimistic`).
"""

import asyncio
from typing import Any
from uuid import UUID

from starlette.types import ASGIApp

from executions.suna.simulator.answers import Refusal, json_answer
from executions.suna.simulator.call import Call
from executions.suna.simulator.event_stream import EventStream, without_events
from executions.suna.simulator.profiles.native_events import LATE_END, build_events, build_recording
from executions.suna.simulator.profiles.native_projects import (
    check_optimistic,
    project_thread_routes,
)
from executions.suna.simulator.profiles.native_wire import NativeWire
from executions.suna.simulator.redis_stream import RedisStream, StreamRules
from executions.suna.simulator.run import RUNNING, Run, Thread
from executions.suna.simulator.world import World


class Wire202512(NativeWire):
    """Suna of December 2025."""

    name = "2025-12"
    variants = ("c1", "c2")

    def __init__(self, world: World, *, variant: str) -> None:
        super().__init__(world, variant=variant)
        if variant == "c2":
            self.run_is_missing = "Worker run not found"
        self._to_come: set[str] = set()

    def own_routes(self) -> list[tuple[str, str, str, Any]]:
        """Return c2's routes; c1 has none of its own."""
        if self.variant == "c1":
            return []
        restart = ("agent.start", "POST", "/v1/thread/{thread_id}/start-agent", self.start_pending)
        return [restart, *project_thread_routes(self)]

    def start_reply(self, thread: Thread, run: Run) -> dict[str, Any]:
        """Return the answer; c2's has a place for a project and leaves it empty."""
        reply = super().start_reply(thread, run)
        return reply if self.variant == "c1" else {**reply, "project_id": None}

    def start_by_form(self, call: Call) -> ASGIApp:
        """Start an agent; an optimistic start of c2 is answered first."""
        fields = {name: value for name, value in call.form().items() if value != ""}
        if self.variant == "c1" or fields.get("optimistic") != "true":
            return super().start_by_form(call)
        check_optimistic(fields, prompt_is_missing=self.prompt_is_missing)
        self.check_start(agent_id=fields.get("agent_id"))
        thread_id = str(UUID(fields["thread_id"]))
        thread = self.world.threads.get(thread_id) or self.world.create_thread(
            name=fields["prompt"][:30], thread_id=thread_id, project_id=str(UUID(fields["project_id"]))
        )
        call.entry.thread_id = thread.id
        self.world.add_message(thread, kind="user", is_llm_message=True, text=fields["prompt"])
        self._to_come.add(thread.id)
        loop = asyncio.get_running_loop()
        loop.call_later(self.seconds("optimistic_s"), self._start_late, thread, fields, call)
        return json_answer(
            {
                "thread_id": thread.id,
                "agent_run_id": None,
                "project_id": thread.project_id,
                "status": "pending",
            }
        )

    def _start_late(self, thread: Thread, fields: dict[str, str], call: Call) -> None:
        self._to_come.discard(thread.id)
        try:
            self.begin(thread, fields, call)
        except Refusal as refusal:
            # The caller has its answer; the ledger is the only place left to say it.
            call.entry.faults.append(f"late run refused: {refusal}")

    def start_pending(self, call: Call) -> ASGIApp:
        """Start an agent on a thread that an optimistic start has made ready."""
        thread = self.get_thread_of(call)
        if thread.id in self._to_come:
            raise Refusal(409, "Thread is still pending")
        given = {name: call.query[name] for name in ("agent_id", "model_name") if call.query.get(name)}
        return json_answer(self.start_reply(thread, self.begin(thread, given, call)))

    def stream(self, call: Call) -> ASGIApp:
        """Answer the stream of a run."""
        run = self.get_run_of(call)
        if self.variant == "c1":
            return self._list_stream(run, call)
        return RedisStream(
            entries=[] if call.replay_expired else build_events(run, version="c2", timing=self.timing(run)),
            run=run,
            rules=StreamRules(ping_s=self.seconds("ping_s"), gone_after_s=0.0, late_end=LATE_END),
            settle=lambda: self.world.settle(run),
            clock=self.world.clock,
            cut=call.cut,
            noise_after=call.noise_after,
        )

    def _list_stream(self, run: Run, call: Call) -> ASGIApp:
        recording = build_recording(run, timing=self.timing(run), piece_chars=self.world.options.piece_chars)
        replay_s = self.world.options.replay_s
        kept_until = (run.completed_at or 0.0) + (self.seconds("list_s") if replay_s is None else replay_s)
        is_over = run.status != RUNNING and self.world.clock() >= kept_until
        if is_over or call.replay_expired:
            recording = without_events(recording)
        return EventStream(
            recording=recording,
            run=run,
            settle=lambda: self.world.settle(run),
            clock=self.world.clock,
            cut=call.cut,
            noise_after=call.noise_after,
        )
