"""A deploy under load loses nothing: web and drivers change, a migration comes in between (P24)."""

import datetime as dt
import subprocess
import sys
import threading
import time

import pytest

from executions.models import Driver, Execution
from teams.models import ApiToken, ApiTokenScope, Team
from tests.contract.simulated_suna import ROOT
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until
from tests.fixtures.web import PatientClient, running_web

pytestmark = pytest.mark.faults

TWO_STEPS = {"type": "sequential", "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}]}
NEXT = {"DJANGO_SETTINGS_MODULE": "tests.faults.next_version"}
DRAINED_WITHIN_S = 8
UNDER_WAY = 8


def manage(renum: RunningRenum, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**renum.env, "RENUM_LOG_LEVEL": "WARNING", **env},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture
def next_schema(renum_on):
    """Give a function that migrates to the next version; go back at the end, for the tests that follow."""
    used: list[RunningRenum] = []

    def migrate(renum: RunningRenum) -> None:
        used.append(renum)
        done = manage(renum, "migrate", "--noinput", **NEXT)
        assert done.returncode == 0, done.stderr

    yield migrate
    for renum in used:
        done = manage(renum, "migrate", "renum_site", "zero", **NEXT)
        assert done.returncode == 0, done.stderr


def make_client(renum: RunningRenum, team: Team, urls: list[str]) -> PatientClient:
    _, token = ApiToken.objects.create(
        renum.owner, expiry=dt.timedelta(days=1), scope=ApiTokenScope.ADMIN.value
    )
    return PatientClient(urls=urls, token=str(token), team_id=team.pk)


def test_deploy_under_load_refuses_nobody_and_loses_nothing(renum_on, next_schema, figure):
    renum = renum_on("2025-08")
    old = renum.start_drivers()
    with running_web(renum.env, renum.folder / "old.log") as old_web:
        client = make_client(renum, renum.make_team(TWO_STEPS), [old_web.url])
        enough = threading.Event()
        load = threading.Thread(
            target=client.start_again_and_again,
            args=('@@sim{"takes": 3}',),
            kwargs={"until": enough, "every_s": 0.4},
        )
        load.start()
        try:
            wait_until(lambda: len(client.accepted) >= UNDER_WAY)

            next_schema(renum)
            with running_web({**renum.env, **NEXT}, renum.folder / "new.log") as new_web:
                client.urls = [old_web.url, new_web.url]
                renum.start_drivers(**NEXT)
                web_drained_s = old_web.stop()
                drivers_drained_s = old.stop()
                # The old version does not begin on a schema that it does not know.
                refused = manage(renum, "renum_drivers")
                before = len(client.accepted)
                wait_until(lambda: len(client.accepted) >= before + UNDER_WAY)
                enough.set()
                load.join()
                wait_until(lambda: not Execution.objects.exclude(status="completed").exists(), timeout_s=60)
        finally:
            enough.set()
            load.join()

    figure("deploy_failed_requests", len(client.failed))
    figure("deploy_repeated_requests", client.repeated)
    figure("deploy_web_drained_s", web_drained_s)
    figure("deploy_drivers_drained_s", drivers_drained_s)
    assert client.failed == []
    assert refused.returncode == 3
    assert refused.stderr.count("\n") == 1
    assert "renum_site.0001_tomorrow" in refused.stderr
    assert max(web_drained_s, drivers_drained_s) < DRAINED_WITHIN_S
    assert set(client.accepted) == set(Execution.objects.values_list("pk", flat=True))
    assert renum.suna.starts() == 2 * len(client.accepted)
    check_history(renum)


def test_cluster_refuses_a_database_that_lacks_migrations_and_waits_for_one_that_is_away(renum_on):
    renum = renum_on("2025-08")
    lacking = manage(renum, "renum_tasks", **NEXT)
    began = time.monotonic()
    nowhere = "postgresql://renum:hidden@127.0.0.1:1/renum"
    away = manage(renum, "renum_drivers", DATABASE_URL=nowhere, RENUM_WAIT_FOR_DB_S="2")

    assert lacking.returncode == 3
    assert lacking.stderr == (
        "CommandError: The database lacks migrations of this version of Renum (renum_site.0001_tomorrow): "
        "run `python manage.py migrate`.\n"
    )
    assert (away.returncode, time.monotonic() - began > 2) == (1, True)
    assert away.stderr == "CommandError: PostgreSQL (DATABASE_URL) did not answer within 2 s.\n"
    assert not Driver.objects.exists()
