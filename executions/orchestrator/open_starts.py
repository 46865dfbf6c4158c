"""Starts under way of which nobody could find out later what became of them, of one driver.

A driver that lets go breaks its calls off: whatever it started elsewhere is looked up by the next one. Here
that is impossible, so that such a call belongs to the driver and not to the attempt that made it: an
execution that begins again from its rows finds the call, or its answer. A driver that ends waits for the
answers.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from executions.agent_service import RunView

PATIENCE_S = 8.0
"""Who stops a process commonly kills it after ten seconds."""

LONGEST_START_S = 180.0
"""How long one may take in all: its turn, the look at its agent, and the 120 s that making a thread has."""


@dataclass(slots=True, kw_only=True)
class _Start:
    """One start of the execution `of`. `call` is None until it is sent."""

    of: uuid.UUID
    call: "asyncio.Task[RunView] | None" = None


class OpenStarts:
    """Keeps them by our id of the run. It belongs to the event loop that first waits."""

    def __init__(self) -> None:
        self._starts: dict[uuid.UUID, _Start] = {}
        self._none_left = asyncio.Event()
        self._none_left.set()

    @property
    def are_any(self) -> bool:
        """Whether one was sent of which it is not committed what came of it."""
        return not self._none_left.is_set()

    def announce(self, run_id: uuid.UUID, *, of: uuid.UUID) -> None:
        """Note that a start of the execution `of` is about to be committed, and that it was not sent yet."""
        self._starts[run_id] = _Start(of=of)

    def is_unsent(self, run_id: uuid.UUID) -> bool:
        """Whether a start was announced here and surely never sent."""
        start = self._starts.get(run_id)
        return start is not None and start.call is None

    def send(self, run_id: uuid.UUID, call: Coroutine[Any, Any, RunView]) -> "asyncio.Task[RunView]":
        """Send what was announced. Cancelling whoever waits for its answer must not cancel it: shield it."""
        task = asyncio.create_task(call, name=f"start of {run_id}")
        # Nobody may be left to hear of it.
        task.add_done_callback(_hear_failure)
        self._starts[run_id].call = task
        self._none_left.clear()
        return task

    def find(self, run_id: uuid.UUID) -> "asyncio.Task[RunView] | None":
        """Return the call, which may be over; None where this driver sent none for that run."""
        start = self._starts.get(run_id)
        return None if start is None else start.call

    def forget(self, run_id: uuid.UUID) -> None:
        """Take note that it is committed what came of a start, or that nothing can come of it any more."""
        self._starts.pop(run_id, None)
        self._look()

    def leave(self, execution_id: uuid.UUID) -> None:
        """Take note that an execution is nobody's of this driver any more: no answer of its is waited for."""
        for run_id in [run_id for run_id, start in self._starts.items() if start.of == execution_id]:
            del self._starts[run_id]
        self._look()

    async def wait(self) -> None:
        """Return when none is left, or when the patience is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._none_left.wait()

    async def aclose(self) -> None:
        """Break off what is still under way."""
        calls = [start.call for start in self._starts.values() if start.call is not None]
        self._starts.clear()
        self._look()
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    def _look(self) -> None:
        if all(start.call is None for start in self._starts.values()):
            self._none_left.set()


def _hear_failure(call: "asyncio.Task[RunView]") -> None:
    if not call.cancelled():
        call.exception()
