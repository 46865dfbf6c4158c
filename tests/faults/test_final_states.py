"""P8: a terminal status is final, whoever writes; a cancel that races the end makes one end, not two."""

import random
import time

import pytest
from django.db import IntegrityError, connection, models, transaction

from executions.actions.cancel_execution import AlreadyOver, cancel_execution
from executions.engine.state import (
    AGENT_RUN_TERMINAL,
    EXECUTION_TERMINAL,
    STEP_TERMINAL,
    AgentRunStatus,
    ExecutionStatus,
    StepStatus,
)
from executions.models import Execution, ExecutionEvent
from tests.faults.history import check_history
from tests.faults.load import wait_until_over
from tests.fixtures.running import wait_until
from tests.integration.orchestrator.rows import LATER, Rows, make_execution, make_rows, make_run, make_step

RACES = 50
RUN_S = 1.5
SEED = 8
TABLES = {
    "renum_team_executions": (ExecutionStatus, EXECUTION_TERMINAL),
    "executions_executionstep": (StepStatus, STEP_TERMINAL),
    "renum_team_agent_executions": (AgentRunStatus, AGENT_RUN_TERMINAL),
}


UPDATE = "UPDATE {table} SET status = %s, finished_at = CASE WHEN %s THEN finished_at END WHERE id = %s"


def find_refusal(table: str, row_id: object, status: str, *, keeps_end: bool) -> str | None:
    """Try to move a row to a status, with what that status demands; return PostgreSQL's refusal, if any."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(UPDATE.format(table=table), [status, keeps_end, row_id])
    except IntegrityError as error:
        return str(error)
    return None


def make_final(rows: Rows, table: str, status: str) -> models.Model:
    """Write a row that ended with a status."""
    ended = {"status": status, "finished_at": LATER, "code": "step_failed"}
    if table == "renum_team_executions":
        return make_execution(rows.team, rows.version, **ended)
    execution = make_execution(rows.team, rows.version)
    if table == "executions_executionstep":
        return make_step(execution, **ended)
    return make_run(make_step(execution), **ended)


def test_no_statement_moves_a_row_out_of_a_terminal_status(db, figure):
    rows = make_rows()
    tried = 0
    for table, (statuses, terminal) in TABLES.items():
        ends = {status.value for status in terminal}
        for final in sorted(ends):
            row = make_final(rows, table, final)
            for other in (status.value for status in statuses if status.value != final):
                tried += 1
                refusal = find_refusal(table, row.pk, other, keeps_end=other in ends)
                assert "is final" in str(refusal), f"{table}: {final} became {other}: {refusal}"
            assert find_refusal(table, row.pk, final, keeps_end=True) is None
    assert tried > 40
    figure("p8_transitions_tried_and_refused", tried)


@pytest.mark.faults
def test_there_is_exactly_one_end_when_a_cancel_races_the_last_result(renum_on, figure):
    renum = renum_on("2025-08")
    dice = random.Random(SEED)
    team = renum.make_team(
        {
            "type": "sequential",
            "agents": [{"agent_id": "agent-1", "instructions": f'@@sim{{"takes": {RUN_S}}}'}],
        }
    )
    executions = [renum.start(team) for _ in range(RACES)]
    renum.start_drivers()
    wait_until(lambda: ExecutionEvent.objects.filter(kind="step_running").count() >= RACES // 2)
    began = dict(ExecutionEvent.objects.filter(kind="step_running").values_list("execution_id", "created_at"))
    # Cancelled in the order in which they began, around the moment at which each ends.
    late = 0
    for execution in sorted(executions, key=lambda one: began.get(one.pk, one.created_at)):
        time.sleep(dice.uniform(0, 0.06))
        try:
            cancel_execution(execution=execution, by=renum.owner)
        except AlreadyOver:
            late += 1

    wait_until_over()
    ends = list(Execution.objects.values_list("status", flat=True))
    assert set(ends) <= {"completed", "cancelled"}
    # Each of them has one end, which check_history counts; both kinds must occur, or it was no race.
    assert 0 < ends.count("completed") < RACES
    check_history(renum)
    figure("p8_races", RACES)
    figure("p8_races_cancelled", ends.count("cancelled"))
    figure("p8_races_too_late", late)
