"""What was answered with 202 is there and ends, whatever dies right after the answer (P1)."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import psycopg
import pytest

from executions.models import Execution
from renum_site.embedded.lifecycle import start_services, stop_services
from renum_site.embedded.postgres import find_server
from renum_site.embedded.state import read_address
from teams.models import ApiToken, ApiTokenScope
from tests.contract.simulated_suna import ROOT
from tests.faults.history import check_history
from tests.fixtures.running import TOKEN, RunningRenum, simulated_suna, wait_until
from tests.fixtures.web import PatientClient, running_web

pytestmark = pytest.mark.faults

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
CLIENTS = 4


def make_client(renum: RunningRenum) -> PatientClient:
    _, token = ApiToken.objects.create(
        renum.owner, expiry=dt.timedelta(days=1), scope=ApiTokenScope.ADMIN.value
    )
    return PatientClient(urls=[], token=str(token), team_id=renum.make_team(ONE_STEP).pk)


@pytest.mark.parametrize(
    "after_ms", [0, pytest.param(10, marks=pytest.mark.long), pytest.param(50, marks=pytest.mark.long)]
)
def test_everything_answered_is_there_and_ends_when_web_is_killed_right_after(renum_on, figure, after_ms):
    renum = renum_on("2025-08")
    client = make_client(renum)
    enough = threading.Event()
    with running_web(renum.env, renum.folder / "web.log") as web:
        client.urls = [web.url]
        load = [
            threading.Thread(
                target=client.start_again_and_again,
                args=('@@sim{"takes": 0.2}',),
                kwargs={"until": enough, "every_s": 0.0},
            )
            for _ in range(CLIENTS)
        ]
        for thread in load:
            thread.start()
        wait_until(lambda: len(client.accepted) >= 2 * CLIENTS, every_s=0.001)
        time.sleep(after_ms / 1000)
        os.kill(web.popen.pid, signal.SIGKILL)
        enough.set()
        # Nobody serves any more: what was not answered is given up.
        client.urls = []
        for thread in load:
            thread.join()

    renum.start_drivers()
    wait_until(lambda: not Execution.objects.exclude(status="completed").exists(), timeout_s=90)
    there = set(Execution.objects.values_list("pk", flat=True))
    figure(f"web_killed_after_{after_ms}_ms_answered_and_lost", len(set(client.accepted) - there))
    assert set(client.accepted) <= there
    assert renum.suna.starts() == len(there)
    check_history(renum)


MAKE = """
import datetime as dt
from teams.actions.create_team import create_team
from teams.models import ApiToken, ApiTokenScope, SunaConnection, User
owner = User.objects.create_user("olga", email="olga@example.org")
connection = SunaConnection(owner=owner, name="Simulated", base_url={url!r}, wire_profile="2025-08")
connection.set_credential(bearer={token!r})
connection.save()
team = create_team(owner=owner, name="Team", definition={definition!r}, connection=connection)
_, token = ApiToken.objects.create(owner, expiry=dt.timedelta(days=1), scope=ApiTokenScope.ADMIN.value)
print("MADE", team.pk, token)
"""


@pytest.mark.long
def test_everything_answered_is_there_and_ends_when_postgresql_is_stopped_hard_after_it(
    child_env, clean_redis, tmp_path, figure
):
    # A server of its own: the one that the tests share must not be touched.
    start_services(var=tmp_path, external=frozenset({"redis"}))
    try:
        address = read_address(tmp_path, "postgres")
        assert address is not None
        env = {**child_env, "DATABASE_URL": address.postgres_url(), "RENUM_VAR_DIR": str(tmp_path)}
        manage(env, "migrate", "--noinput")
        with simulated_suna("2025-08", "--run-seconds", "0.1", folder=tmp_path) as suna:
            script = MAKE.format(url=suna.url, token=TOKEN, definition=ONE_STEP)
            said = manage(env, "shell", "-c", script)
            [made] = [line for line in said.splitlines() if line.startswith("MADE")]
            _, team_id, token = made.split()
            client = PatientClient(urls=[], token=token, team_id=uuid.UUID(team_id))
            with running_web(env, tmp_path / "web.log") as web:
                client.urls = [web.url]
                for _ in range(5):
                    client.start('@@sim{"takes": 0.2}')
                stop_hard(tmp_path)
                began = time.monotonic()
                start_services(var=tmp_path, external=frozenset({"redis"}))
                # The same process serves on as soon as PostgreSQL is back.
                client.start('@@sim{"takes": 0.2}')
                figure("postgresql_back_accepted_after_s", time.monotonic() - began)
            drivers = subprocess.Popen(
                [sys.executable, "manage.py", "renum_drivers"], cwd=ROOT, env=env, start_new_session=True
            )
            try:
                wait_until(lambda: read_statuses(address.postgres_url()) == {"completed": 6}, timeout_s=90)
            finally:
                drivers.terminate()
                drivers.wait(timeout=30)
            assert suna.starts() == 6
        assert (len(client.accepted), client.failed) == (6, [])
    finally:
        stop_services(var=tmp_path, external=frozenset({"redis"}))


def stop_hard(var: Path) -> None:
    server = find_server(var)
    server.run("pg_ctl", "stop", "-m", "immediate", "-D", str(server.data))


def read_statuses(url: str) -> dict[str, int]:
    with psycopg.connect(url) as database:
        rows = database.execute("SELECT status, count(*) FROM renum_team_executions GROUP BY status")
        return {str(status): int(count) for status, count in rows}


def manage(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
