"""What is over is not done again, even by drivers that are told that it is not over (P6)."""

import pytest
from django.db import connection, transaction

from executions.models import AgentRun, Execution, ExecutionEvent
from tests.faults.crash_points.trial import SETTINGS, THREE_STEPS
from tests.faults.history import check_history
from tests.fixtures.figures import Figure
from tests.fixtures.forked import open_nursery
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

EXECUTIONS = 10


def set_back_to_running() -> None:
    """Have PostgreSQL say that no execution is over, which its trigger refuses to everybody else."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE renum_team_executions DISABLE TRIGGER execution_status_final")
        cursor.execute("UPDATE renum_team_executions SET status = 'running', finished_at = NULL")
        cursor.execute("ALTER TABLE renum_team_executions ENABLE TRIGGER execution_status_final")


def all_over() -> bool:
    return not Execution.objects.filter(finished_at=None).exists()


def test_no_step_runs_again_when_finished_executions_are_recovered_by_two_drivers_at_once(
    renum_on, tmp_path, figure: Figure
):
    renum = renum_on("2025-08")
    team = renum.make_team(THREE_STEPS)
    for _ in range(EXECUTIONS):
        renum.start(team)
    with open_nursery({**renum.env, **SETTINGS, "RENUM_CLAIM_CHUNK": "1"}, log=tmp_path / "c.log") as nursery:
        first = nursery.fork("drive")
        wait_until(all_over)
        first.stop()
        starts, runs = renum.suna.starts(), set(AgentRun.objects.values_list("id", "status", "suna_run_id"))
        results = set(Execution.objects.values_list("id", "status", "result_text"))
        epochs = dict(Execution.objects.values_list("id", "epoch"))

        set_back_to_running()
        both = [nursery.fork("drive"), nursery.fork("drive")]
        wait_until(all_over)
        for driver in both:
            driver.stop()

    assert starts == EXECUTIONS * len(THREE_STEPS["agents"])
    assert renum.suna.starts() == starts
    assert set(AgentRun.objects.values_list("id", "status", "suna_run_id")) == runs
    assert set(Execution.objects.values_list("id", "status", "result_text")) == results
    # They were taken up, each by one driver, or nothing was tried here.
    assert dict(Execution.objects.values_list("id", "epoch")) == {
        pk: epoch + 1 for pk, epoch in epochs.items()
    }
    assert ExecutionEvent.objects.filter(kind="execution_completed").count() == 2 * EXECUTIONS
    assert ExecutionEvent.objects.filter(kind="step_completed").count() == starts
    figure("reexecuted_steps", renum.suna.starts() - starts)
    # The second end of each is this test's own doing, and all that it did.
    ends = [f"{pk} completed" for pk in Execution.objects.values_list("pk", flat=True)]
    check_history(renum, but_for={"not_one_end": ends})
