"""Runs whose agents talk to their team: they end when the talk does, and nobody knows beforehand when."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from executions.suna.simulator.agents.script import Script
from executions.suna.simulator.agents.teamwork import (
    Server,
    ToolRefused,
    find_server,
    with_calls,
    work_with_team,
)
from executions.suna.simulator.run import Run
from executions.suna.simulator.tool_user import use_tools

logger = logging.getLogger(__name__)

PARTS = frozenset({"researcher", "analyst", "writer"})

Ended = Callable[[Run, Script | None, str], None]
"""Told once a talk is over: the run, its script with what was done, or None and why it broke off."""


def server_for(script: Script, prompt: str) -> Server | None:
    """Return the server that the agent of this run would use; None where it uses none."""
    plays = script.role is not None and script.role.part in PARTS and script.outcome == "completed"
    return find_server(prompt) if plays else None


class Talks:
    """The talks under way, each a task of its own."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, run: Run, server: Server, prompt: str, *, ended: Ended) -> None:
        """Let the run's agent talk; `ended` is told unless the talk is stopped."""
        task = asyncio.create_task(self._talk(run, server, prompt, ended), name=f"talk of {run.id}")
        self._tasks[run.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run.id, None))

    def stop(self, run_id: str) -> None:
        """Break a talk off, if there is one."""
        if task := self._tasks.get(run_id):
            task.cancel()

    def stop_all(self) -> None:
        """Break all of them off."""
        for run_id in list(self._tasks):
            self.stop(run_id)

    async def _talk(self, run: Run, server: Server, prompt: str, ended: Ended) -> None:
        part = run.script.role.part if run.script.role else ""
        try:
            calls, said = await use_tools(server, partial(work_with_team, part, prompt))
        except ToolRefused as refused:
            ended(run, None, f"the team's tools: {refused}")
            return
        except Exception as error:
            # A fault of the simulator's own: the run must not hang for it.
            logger.exception("the talk of run %s broke off", run.id)
            ended(run, None, f"the team's tools: {type(error).__name__}")
            return
        ended(run, with_calls(run.script, calls, token=server.token, said=said), "")
