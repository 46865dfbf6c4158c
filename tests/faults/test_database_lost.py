"""Connections to PostgreSQL that break under a driver: it goes on from the rows, and nothing starts twice."""

import time

import pytest
from django.db import connection

from executions.models import Execution
from tests.faults.history import check_history
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

TWO_STEPS = {"type": "sequential", "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}]}
EXECUTIONS = 10


def cut_all_others() -> int:
    """End every session of this database but our own; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
            " AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def test_all_executions_finish_with_one_start_a_step_when_the_database_keeps_breaking_off(renum_on, figure):
    renum = renum_on("2025-08")
    team = renum.make_team(TWO_STEPS)
    for number in range(EXECUTIONS):
        renum.start(team, f'Number {number}. @@sim{{"takes": {number / 10}}}')
    cluster = renum.start_drivers()
    wait_until(lambda: renum.suna.starts() >= 2)

    cuts = []
    for _ in range(12):
        cuts.append(cut_all_others())
        time.sleep(0.25)

    wait_until(lambda: not Execution.objects.exclude(status="completed").exists(), timeout_s=60)
    figure("database_sessions_cut", sum(cuts))
    figure("database_cut_started_twice", renum.suna.starts() - EXECUTIONS * 2)
    assert sum(cuts) > 12
    assert "PostgreSQL is away" in cluster.log.read_text()
    assert renum.suna.starts() == EXECUTIONS * 2
    check_history(renum)
