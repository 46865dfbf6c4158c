"""Everything that one simulated Suna remembers, and the few verbs that change it."""

import asyncio
import dataclasses
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from itertools import islice
from uuid import uuid4

from executions.suna.simulator.agents.directives import follow_up, pick_directive
from executions.suna.simulator.agents.script import Script, build_script
from executions.suna.simulator.catalogue import Catalogue
from executions.suna.simulator.clock import Clock
from executions.suna.simulator.run import RUNNING, Run, Thread, UserMessage
from executions.suna.simulator.settings import SimulatorSettings
from executions.suna.simulator.talks import Talks, server_for

FinalStatus = Callable[[Script], tuple[str, str | None]]


class World:
    """The threads, runs and agents. Bounded: the oldest ended runs are forgotten, with their threads."""

    def __init__(self, *, settings: SimulatorSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._talks = Talks()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._talks.stop_all()
        self.options = self.settings.options
        self.threads: OrderedDict[str, Thread] = OrderedDict()
        self.runs: OrderedDict[str, Run] = OrderedDict()
        self.running: dict[str, Run] = {}
        self.catalogue = Catalogue(any_agent=not self.settings.strict_agents, created_at=self.clock())
        self.key_counts: dict[str, int] = {}
        self.starts = 0
        self.max_running = 0
        self.tokens_input = 0
        self.tokens_output = 0
        self.forgotten_runs = 0

    def create_thread(
        self, *, name: str, thread_id: str | None = None, project_id: str | None = None
    ) -> Thread:
        """Make an empty thread, with new ids unless they are given."""
        thread = Thread(
            id=thread_id or str(uuid4()),
            project_id=project_id or str(uuid4()),
            name=name,
            created_at=self.clock(),
        )
        self.threads[thread.id] = thread
        if len(self.threads) > 2 * self.settings.max_runs:
            self.threads.popitem(last=False)
        return thread

    def add_message(
        self, thread: Thread, *, kind: str, is_llm_message: bool, text: str, as_string: bool = False
    ) -> UserMessage:
        """Put a user's message on a thread."""
        message = UserMessage(
            id=str(uuid4()),
            kind=kind,
            is_llm_message=is_llm_message,
            text=text,
            created_at=self.clock(),
            as_string=as_string,
        )
        thread.messages.append(message)
        return message

    def start_run(
        self,
        thread: Thread,
        *,
        agent_id: str | None,
        model_name: str | None,
        final: FinalStatus,
        lingers: bool = False,
        texts: list[str] | None = None,
    ) -> Run:
        """Start a run on what is on the thread now. `final` says how the profile reports each outcome.

        With `lingers` a run that ends normally never says so. `texts` are the prompts that the model is given
        in place of those on the thread, answered or not. An agent that no directive tells what to do uses its
        team's tools, where its prompt names them, before it answers.
        """
        now = self.clock()
        is_answered = texts is None and self._answered(thread)
        if texts is None:
            texts = [message.text for message in thread.messages if message.kind == "user"]
        pending = [] if is_answered else texts[-1:]
        directive = pick_directive(texts, counts=self.key_counts) if pending else None
        question = self._question_on(thread) if pending else None
        if directive is None and question is not None and question.then is not None:
            directive = follow_up(question.then, answer=texts[-1])
        script = build_script(
            prompts=texts if pending else [],
            answered=bool(texts) and not pending,
            questioned=question is not None,
            directive=directive,
            model_name=model_name,
            run_seconds=self.settings.run_seconds,
        )
        speed = self.settings.speed
        picked_up_at = now + script.pickup_s / speed
        server = server_for(script, pending[-1]) if pending and directive is None else None
        ends_at = None if script.duration_s is None else picked_up_at + script.duration_s / speed
        status, error = final(script)
        run = Run(
            id=str(uuid4()),
            thread_id=thread.id,
            agent_id=agent_id,
            agent_version_id=self.catalogue.version_id(agent_id or ""),
            model_asked=model_name,
            script=script,
            started_at=now,
            picked_up_at=picked_up_at,
            ends_at=None if server else ends_at,
            final_status=status,
            final_error=error,
            lingers=lingers and script.outcome == "completed",
            starts_of_thread=len(thread.runs) + 1,
        )
        thread.runs.append(run)
        self.runs[run.id] = run
        self.running[run.id] = run
        self.starts += 1
        self.max_running = max(self.max_running, len(self.running))
        if server:
            self._talks.begin(run, server, pending[-1], ended=partial(self._talked, final))
        self._arrange_end(run, now)
        self._forget_oldest()
        return run

    def settle(self, run: Run) -> Run:
        """Bring a run up to date with the clock and return it."""
        if run.settle(self.clock()):
            self._account(run)
        return run

    def stop_run(self, run: Run) -> None:
        """Stop a run as Suna does: at once, also when it is over."""
        self.settle(run)
        self._talks.stop(run.id)
        run.stop(self.clock())
        self.running.pop(run.id, None)

    def remove_run(self, run: Run) -> None:
        """Make a run vanish: every later question about it is answered 404."""
        self._talks.stop(run.id)
        self.runs.pop(run.id, None)
        self.running.pop(run.id, None)
        thread = self.threads.get(run.thread_id)
        if thread:
            thread.runs.remove(run)

    def running_runs(self) -> list[Run]:
        """Return the runs that say `running` now, oldest first."""
        return [run for run in list(self.running.values()) if self.settle(run).status == RUNNING]

    def prompt_of(self, thread: Thread) -> str:
        """Return the newest user message."""
        return next((message.text for message in reversed(thread.messages) if message.kind == "user"), "")

    def prompt_sha256(self, thread: Thread | None) -> str | None:
        """Return the SHA-256 of the newest user message."""
        return sha256(self.prompt_of(thread).encode("utf-8", "replace")).hexdigest() if thread else None

    def _question_on(self, thread: Thread) -> Script | None:
        """Return the script of the newest run where it has ended with a question."""
        newest = thread.runs[-1] if thread.runs else None
        asked = newest is not None and newest.script.asks and self.settle(newest).reported_turns
        return newest.script if newest is not None and asked else None

    def _answered(self, thread: Thread) -> bool:
        answered = [run for run in thread.runs if run.script.turns and self.settle(run).reported_turns]
        last = max((run.completed_at or 0.0 for run in answered), default=None)
        return last is not None and bool(thread.messages) and thread.messages[-1].created_at <= last

    def _talked(self, final: FinalStatus, run: Run, script: Script | None, problem: str) -> None:
        """Let a run whose talk is over answer as it would have, or fail where its talk broke off."""
        now = self.clock()
        run.script = script or dataclasses.replace(run.script, outcome="model_error", error=problem)
        run.final_status, run.final_error = final(run.script)
        run.ends_at = now + (run.script.duration_s or 0.0) / self.settings.speed
        self._arrange_end(run, now)

    def _arrange_end(self, run: Run, now: float) -> None:
        if run.ends_at is None:
            return
        loop = asyncio.get_running_loop()
        loop.call_later(max(0.0, run.ends_at - now), self._end, run)

    def _end(self, run: Run) -> None:
        # The loop's timers may fire a hair before our clock says so.
        if run.settle(max(self.clock(), run.ends_at or 0.0)):
            self._account(run)

    def _account(self, run: Run) -> None:
        if run.ended:
            self.running.pop(run.id, None)
        for turn in run.script.turns[: run.reported_turns]:
            self.tokens_input += turn.tokens_input
            self.tokens_output += turn.tokens_output

    def _forget_oldest(self) -> None:
        while len(self.runs) > self.settings.max_runs:
            # A run that hangs for ever must not keep all younger ones alive.
            ended = (run for run in islice(self.runs.values(), 200) if run.status != RUNNING)
            oldest = next(ended, None) or next(iter(self.runs.values()))
            thread = self.threads.pop(oldest.thread_id, None)
            for run in thread.runs if thread else [oldest]:
                self.runs.pop(run.id, None)
                self.running.pop(run.id, None)
                self.forgotten_runs += 1
