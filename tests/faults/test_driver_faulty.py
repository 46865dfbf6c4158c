"""Faults of ours in a driver: its writer dies, an execution can be neither carried on nor ended."""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from executions.models import Driver, Execution
from executions.orchestrator.holding import SET_ASIDE_S
from tests.contract.simulated_suna import ROOT
from tests.faults.history import check_history
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
TWO_STEPS = {"type": "sequential", "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}]}
# The writer's first word to the shared context fails in a way that nobody foresaw.
FAULTY_DRIVE = """
import django; django.setup()
from executions.orchestrator import group_commit
def fail(*args, **kwargs): raise LookupError("a fault of ours")
group_commit.apply_to_context = fail
from executions.tasks import drive
drive()
"""


def test_driver_lets_go_when_its_writer_dies_and_the_next_one_finishes(renum_on, figure):
    renum = renum_on("2025-08")
    team = renum.make_team(
        {"type": "sequential", "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}]}
    )
    executions = [renum.start(team, f'@@sim{{"takes": {takes}}}') for takes in (0, 2)]
    log = renum.folder / "faulty.log"

    with log.open("wb") as output:
        faulty = subprocess.run(
            [sys.executable, "-c", FAULTY_DRIVE],
            cwd=ROOT,
            env=renum.env,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=30,
            check=False,
        )

    assert "the writer died" in log.read_text()
    assert faulty.returncode == 0
    assert not Driver.objects.exists()
    assert not Execution.objects.exclude(driver=None).exists()
    assert not Execution.objects.filter(finished_at__isnull=False).exists()
    renum.start_drivers()
    assert [renum.wait_for(execution).status for execution in executions] == ["completed"] * 2
    figure("writer_died_started_twice", renum.suna.starts() - 4)
    assert renum.suna.starts() == 4
    check_history(renum)


@contextmanager
def refusing_to_move(prompt: str) -> Iterator[None]:
    """Have the database refuse every status but `queued` to the executions of a prompt."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse_to_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'refused by the test' USING ERRCODE = 'check_violation'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER refuse_to_move BEFORE UPDATE ON renum_team_executions FOR EACH ROW"
            f" WHEN (NEW.initial_prompt = '{prompt}' AND NEW.status <> 'queued')"
            " EXECUTE FUNCTION refuse_to_move()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse_to_move ON renum_team_executions")
            cursor.execute("DROP FUNCTION refuse_to_move")


def test_execution_that_cannot_even_be_ended_is_set_aside_for_a_while_and_holds_up_nobody(renum_on, figure):
    renum = renum_on("2025-08")
    team = renum.make_team(ONE_STEP)
    with refusing_to_move("unwritable"):
        stuck, other = renum.start(team, "unwritable"), renum.start(team, "writable")
        cluster = renum.start_drivers()
        aside = wait_until(lambda: Execution.objects.filter(not_before__isnull=False).first())

        assert renum.wait_for(other).status == "completed"
        assert aside.pk == stuck.pk
        figure("set_aside_for_s", (aside.not_before - other.created_at).total_seconds())
        assert (aside.status, aside.driver_id, aside.epoch) == ("queued", None, 1)
        assert dt.timedelta(0) < aside.not_before - other.created_at < dt.timedelta(seconds=SET_ASIDE_S + 30)
        assert "could not be broken off" in cluster.log.read_text()

    Execution.objects.filter(pk=stuck.pk).update(not_before=None)
    assert renum.wait_for(stuck).status == "completed"
    check_history(renum)
