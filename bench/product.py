"""Renum as its users have it: teams, executions, and a cluster of drivers with one worker to carry them."""

import os
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from django.db import transaction

from bench.clocked import Chain
from bench.simulated_suna import PROFILE, TOKEN
from bench.situations import BenchError, Situation
from executions.actions.pause_execution import pause_execution
from executions.actions.start_execution import start_execution
from executions.models import AgentRun, Execution, ExecutionStep
from renum_site.processes import Supervisor
from teams.actions.create_team import create_team
from teams.models import SunaConnection, Team, User

PROMPT = "Compare the two offers and say which one we should take."
LONGEST_S = 400.0
LOOK_S = 0.1

WARM_UP = Situation(name="warm-up", title="warm-up", executions=1, steps=1, run_s=0.0)


class Product:
    """One owner with a connection to the simulator, and a team for each situation."""

    def __init__(self, supervisor: Supervisor, *, suna_url: str, manage: Path) -> None:
        self._supervisor = supervisor
        self.owner = User.objects.create_user("bench", email="bench@example.org")
        self._connection = SunaConnection(
            owner=self.owner, name="Simulated", base_url=suna_url, wire_profile=PROFILE
        )
        self._connection.set_credential(bearer=TOKEN)
        self._connection.save()
        self._teams: dict[str, Team] = {}
        supervisor.start(
            "drivers",
            [sys.executable, str(manage), "renum_drivers"],
            env={**os.environ, "Q_CLUSTER_NAME": "drivers"},
        )
        self.go_through(WARM_UP)

    def go_through(self, situation: Situation) -> list[Chain]:
        """Start the situation's executions, wait until all are over, and return their threads."""
        # Without a spread one commit, so that all of them are there at once; their wake-ups follow it.
        with transaction.atomic() if situation.spread_s == 0 else nullcontext():
            started = self._start(situation)
        self._wait_for(started)
        threads = AgentRun.objects.filter(execution__in=started).order_by("execution", "step__position")
        chains: dict[object, list[str]] = {}
        for execution_id, thread_id in threads.values_list("execution_id", "thread_id"):
            chains.setdefault(execution_id, []).append(thread_id or "")
        return list(chains.values())

    def executions_at_rest(self, count: int) -> list[uuid.UUID]:
        """Return executions that are paused before they begin: nobody but the bench appends to them."""
        team = self._team_of(WARM_UP)
        found = []
        for _ in range(count):
            with transaction.atomic():
                execution = start_execution(team=team, by=self.owner, prompt=PROMPT).execution
                pause_execution(execution=execution, by=self.owner)
            found.append(execution.pk)
        return found

    def team_of_one_step(self) -> uuid.UUID:
        """Return the team of the warm-up."""
        return self._team_of(WARM_UP).pk

    def _start(self, situation: Situation) -> list[uuid.UUID]:
        team, began = self._team_of(situation), time.monotonic()
        started = []
        for moment_s in situation.moments_s():
            time.sleep(max(0.0, moment_s - (time.monotonic() - began)))
            started.append(start_execution(team=team, by=self.owner, prompt=PROMPT).execution.pk)
        return started

    def prompts_of(self, situation: Situation) -> list[str]:
        """Return what each agent of the situation was sent, as the newest execution did it."""
        newest = Execution.objects.filter(team=self._team_of(situation)).latest("id")
        steps = ExecutionStep.objects.filter(execution=newest).order_by("position")
        return list(steps.values_list("input", flat=True))

    def _team_of(self, situation: Situation) -> Team:
        if situation.name not in self._teams:
            self._teams[situation.name] = create_team(
                owner=self.owner,
                name=f"Bench {situation.name}",
                definition=situation.definition(),
                connection=self._connection,
            )
        return self._teams[situation.name]

    def _wait_for(self, started: Sequence[uuid.UUID]) -> None:
        give_up_at = time.monotonic() + LONGEST_S
        mine = Execution.objects.filter(pk__in=started)
        while (unfinished := mine.filter(finished_at__isnull=True).count()) > 0:
            self._supervisor.check_alive()
            if time.monotonic() > give_up_at:
                msg = f"{unfinished} of {len(started)} executions were not over after {LONGEST_S:g} s."
                raise BenchError(msg)
            time.sleep(LOOK_S)
        failed = mine.exclude(status="completed").values_list("status", "code").first()
        if failed is not None:
            msg = f"An execution ended {failed[0]} ({failed[1]}): its numbers would mean nothing."
            raise BenchError(msg)
