"""Runs and threads as the simulator holds them: plain state and how it changes with time.

A run's whole life is decided when it starts (its `Script`); what of it is visible is a question of the
clock. So nothing has to happen while a run is under way, and thousands of them cost nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from executions.suna.simulator.agents.script import Script

RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """A message that somebody put on a thread. `as_string`: its row holds a JSON string, not an object."""

    id: str
    kind: str
    is_llm_message: bool
    text: str
    created_at: float
    as_string: bool = False


@dataclass(slots=True, kw_only=True)
class Thread:
    """A conversation: the user's messages and the runs on it, oldest first. `visible_at` is as a run's."""

    id: str
    project_id: str
    name: str
    created_at: float
    visible_at: float = 0.0
    messages: list[UserMessage] = field(default_factory=list)
    runs: "list[Run]" = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Run:
    """One run. `final_status` and `final_error` are what it will end with if nobody stops it.

    `ends_at` is None for a run that never ends. `cut_at` is when its worker was interrupted by a stop. A
    stop before `picked_up_at` is lost, as in Suna: the worker later runs it in full. With `lingers` its
    worker dies without a word after the work is done: the run says `running` for ever. `visible_at` is when
    the database has it, infinite if it never has. `trimmed` is how many of its stream's entries are gone
    because somebody read them.
    """

    id: str
    thread_id: str
    agent_id: str | None
    agent_version_id: str
    model_asked: str | None
    script: Script
    started_at: float
    picked_up_at: float
    ends_at: float | None
    final_status: str
    final_error: str | None
    starts_of_thread: int
    lingers: bool = False
    is_done: bool = False
    status: str = RUNNING
    error: str | None = None
    completed_at: float | None = None
    cut_at: float | None = None
    ended: bool = False
    visible_at: float = 0.0
    trimmed: int = 0
    listeners: set[Callable[[], None]] = field(default_factory=set)

    def settle(self, now: float) -> bool:
        """Let the worker finish if its time has come; True if it did so now."""
        if self.is_done or self.ended or self.ends_at is None or now < self.ends_at:
            return False
        self.is_done = True
        if self.lingers:
            return True
        self.ended = True
        self.status = self.final_status
        self.error = self.final_error
        self.completed_at = self.ends_at
        self.wake_listeners()
        return True

    def stop(self, now: float) -> None:
        """Write `stopped` over whatever the run was, as Suna does, and interrupt its worker."""
        self.status = "stopped"
        self.completed_at = now
        if not self.is_done and not self.ended and now >= self.picked_up_at:
            self.ended = True
            self.cut_at = now
        self.wake_listeners()

    def shows(self, at: float, now: float) -> bool:
        """Tell whether something that the worker does at `at` is there now."""
        if self.cut_at is not None:
            return at <= self.cut_at
        return self.is_done or at <= now

    @property
    def reported_turns(self) -> int:
        """How many model responses have reported their tokens: none if it was interrupted or failed."""
        return len(self.script.turns) if self.is_done and self.script.reports else 0

    def wake_listeners(self) -> None:
        """Tell every open stream that something happened."""
        for wake in tuple(self.listeners):
            wake()
