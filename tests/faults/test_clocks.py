"""The clocks of hosts do not matter: one host's is wrong and jumps while runs are in flight (P26)."""

import datetime as dt
import importlib.util
from pathlib import Path

import pytest
from django.db import connection

from executions.models import AgentRun, Execution
from teams.models.database_time import database_now
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until

pytestmark = pytest.mark.faults

DEFINITION = {
    "type": "sequential",
    "agents": [{"agent_id": "agent-1", "timeout": "10m"}, {"agent_id": "agent-2", "timeout": "10m"}],
}
EXECUTIONS = 20
PATIENCE_S = 90
# Whatever may end before it begins, or stand outside of the time that the test took.
_STAMPS = """
SELECT created_at, started_at, finished_at FROM renum_team_executions
UNION ALL SELECT NULL, started_at, finished_at FROM executions_executionstep
UNION ALL SELECT created_at, COALESCE(start_requested_at, created_at), finished_at
    FROM renum_team_agent_executions
UNION ALL SELECT created_at, NULL, NULL FROM executions_executionevent
"""


def find_library() -> Path:
    spec = importlib.util.find_spec("libfaketime")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"


def start_with_clock(renum: RunningRenum, offset: str) -> Path:
    """Start a cluster whose host is as wrong as the file says, at each moment anew; return the file."""
    clock = renum.folder / "clock"
    clock.write_text(offset)
    renum.start_drivers(
        LD_PRELOAD=str(find_library()),
        FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_NO_CACHE="1",
        # A wrong clock is the one that people set; the other only counts.
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        DONT_FAKE_MONOTONIC="1",
        RENUM_CAPACITY="12",
        RENUM_CLAIM_CHUNK="3",
    )
    return clock


def find_wrong_stamps(since: dt.datetime, until: dt.datetime) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_STAMPS)
        rows = cursor.fetchall()
    wrong = []
    for row in rows:
        known = [stamp for stamp in row if stamp is not None]
        if known != sorted(known) or not all(since <= stamp <= until for stamp in known):
            wrong.append(row)
    return wrong


@pytest.mark.parametrize(
    ("offset", "jump"),
    [
        ("+3600", "-120"),
        pytest.param("-3600", "+3600", marks=pytest.mark.long),
        pytest.param("-120", "-120", marks=pytest.mark.long),
    ],
)
def test_one_hosts_wrong_clock_changes_nothing_even_when_it_jumps(renum_on, figure, offset, jump):
    renum = renum_on("2025-08")
    since = database_now()
    clock = start_with_clock(renum, offset)
    renum.start_drivers(RENUM_CAPACITY="12", RENUM_CLAIM_CHUNK="3")
    team = renum.make_team(DEFINITION)
    for number in range(EXECUTIONS):
        renum.start(team, f'Number {number}. @@sim{{"takes": 3}}')
    wait_until(
        lambda: AgentRun.objects.filter(status="running").count() >= EXECUTIONS / 2, timeout_s=PATIENCE_S
    )
    # The clock that is wrong really is: its log is written by it.
    assert any(is_off(line, since) for line in (renum.folder / "drivers-0.log").read_text().splitlines())

    clock.write_text(jump)

    wait_until(
        lambda: not Execution.objects.filter(finished_at=None).exists(), timeout_s=PATIENCE_S, every_s=0.5
    )
    assert set(Execution.objects.values_list("status", flat=True)) == {"completed"}
    assert renum.suna.starts() == 2 * EXECUTIONS
    wrong = find_wrong_stamps(since, database_now())
    figure(f"clock_{offset}_to_{jump}_wrong_stamps", len(wrong))
    assert wrong == []
    check_history(renum)


def is_off(line: str, now: dt.datetime) -> bool:
    """Whether a line of a log was written more than a minute away from the test."""
    try:
        written = dt.datetime.fromisoformat(line.split(" ", 1)[0])
    except ValueError:
        return False
    return abs((written - now).total_seconds()) > 60
