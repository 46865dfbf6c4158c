"""One row that makes no sense harms only itself, wherever it is read: load, wish or end (P12)."""

from typing import Any

import pytest
from django.db import connection

from executions.models import Execution, ExecutionEvent
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until

pytestmark = pytest.mark.faults

TWO_STEPS = {"type": "sequential", "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}]}
SPOILED_BEFORE = {
    "plan is a number": "UPDATE renum_team_executions SET plan = '42' WHERE id = %s",
    "plan without steps": "UPDATE renum_team_executions SET plan = plan - 'steps' WHERE id = %s",
    "plan of other steps": "UPDATE renum_team_executions SET plan ="
    " jsonb_set(plan, '{steps,0,id}', '\"somebody-else\"') WHERE id = %s",
    "a step is missing": "DELETE FROM executions_executionstep WHERE execution_id = %s AND position = 1",
}
# Python has no such time: such a row cannot even be read, so that it cannot be ended either.
UNREADABLE = {
    "no deadline in this world": "UPDATE renum_team_executions SET deadline_at = 'infinity' WHERE id = %s",
    "resumed at the end of time": "UPDATE renum_team_executions SET pause_requested_at = now(),"
    " resume_requested_at = 'infinity' WHERE id = %s",
}


def spoil(execution: Execution, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [execution.pk])
        assert cursor.rowcount == 1


def columns_of(execution: Execution, *names: str) -> tuple[Any, ...]:
    return tuple(Execution.objects.values_list(*names).get(pk=execution.pk))


def start(renum: RunningRenum, prompt: str) -> Execution:
    return renum.start(renum.make_team(TWO_STEPS), f'{prompt} @@sim{{"takes": 1}}')


def test_rows_that_make_no_sense_end_or_stand_aside_and_all_others_finish(renum_on, figure):
    renum = renum_on("2025-08")
    good = [start(renum, "good")]
    spoiled = {name: start(renum, name) for name in SPOILED_BEFORE}
    unreadable = {name: start(renum, name) for name in UNREADABLE}
    good.append(start(renum, "good too"))
    for name, execution in spoiled.items():
        spoil(execution, SPOILED_BEFORE[name])
    for name, execution in unreadable.items():
        spoil(execution, UNREADABLE[name])
    renum.start_drivers()

    for execution in good:
        assert renum.wait_for(execution).status == "completed"
    for name, execution in spoiled.items():
        wait_until(
            lambda at=execution: (
                columns_of(at, "status", "code", "driver") == ("failed", "internal_error", None)
            )
        )
        assert execution.events.filter(kind="execution_failed").count() == 1, name
    for execution in unreadable.values():
        wait_until(lambda at=execution: columns_of(at, "not_before") != (None,))
        assert columns_of(execution, "status", "driver") == ("queued", None)

    # Spoiled while a driver has them in memory: a wish of one that cannot be read any more is still heard.
    running, other = start(renum, "running"), start(renum, "other")
    wait_until(lambda: running.steps.filter(position=0, status="running").exists())
    spoil(running, SPOILED_BEFORE["plan is a number"])
    spoil(running, UNREADABLE["no deadline in this world"])
    spoil(running, "UPDATE renum_team_executions SET cancel_requested_at = now() WHERE id = %s")
    wait_until(lambda: columns_of(running, "status") == ("cancelled",))
    assert renum.wait_for(other).status == "completed"

    Execution.objects.filter(pk__in=[one.pk for one in unreadable.values()]).update(
        deadline_at=good[0].deadline_at, resume_requested_at=None, pause_requested_at=None, not_before=None
    )
    for execution in unreadable.values():
        assert renum.wait_for(execution).status == "completed"
    no_plans = [*spoiled.values(), running]
    figure("bad_rows_ended_or_set_aside", len(no_plans) + len(unreadable))
    figure(
        "bad_rows_others_completed", Execution.objects.filter(status="completed").count() - len(unreadable)
    )
    assert not ExecutionEvent.objects.filter(kind="driver_crashed").exists()
    check_history(renum, but_for={"plan_unreadable": [str(one.pk) for one in no_plans]})
