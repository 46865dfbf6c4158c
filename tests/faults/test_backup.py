"""A backup in the middle of the load, and the restore after everything was destroyed (P29)."""

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test import Client

from executions.actions.cancel_execution import cancel_execution
from executions.actions.resume_execution import resume_execution
from executions.models import AgentRun, Driver, Execution, ExecutionEvent, ExecutionStep
from executions.orchestrator.claim import count_claimable
from executions.upkeep.backup import server_major
from executions.upkeep.drain import find_drain
from executions.upkeep.manifest import manifest_path, read_manifest
from executions.upkeep.postgres_tools import PostgresTools
from executions.upkeep.restore import RestoreIncomplete, restore
from executions.upkeep.verify import verify
from renum_site.embedded.client_tools import find_client_tools
from tests.fixtures.other_database import empty_database, working_on
from tests.fixtures.running import RunningRenum, wait_until
from tests.integration.orchestrator.rows import make_driver, make_rows

pytestmark = pytest.mark.faults

EXECUTIONS = 10
CAPACITY = 8
DEFINITION = {
    "type": "sequential",
    "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}],
}
OVER = ("completed", "partial", "failed", "cancelled")


def _kill(renum: RunningRenum) -> None:
    for cluster in renum.clusters:
        if cluster.popen.poll() is None:
            os.killpg(cluster.popen.pid, signal.SIGKILL)
        cluster.popen.wait(timeout=30)


def _back_up_under_load(renum: RunningRenum, folder: Path) -> Path:
    """Return a backup made while runs are in flight, executions are queued and some are over."""
    team = renum.make_team(DEFINITION)
    short = [renum.start(team, f"Short one {n}.") for n in range(2)]
    renum.start_drivers(RENUM_CAPACITY=str(CAPACITY))
    for execution in short:
        renum.wait_for(execution)
    for n in range(EXECUTIONS):
        renum.start(team, f'Compare the offers, number {n}. @@sim{{"takes": 3}}')
    wait_until(lambda: AgentRun.objects.filter(status="running").count() >= CAPACITY - 2, timeout_s=60)
    assert verify().errors == ()
    call_command("renum_backup", to=folder)
    return next(folder.glob("*.dump"))


def test_what_was_in_flight_at_the_backup_waits_for_a_person_and_starts_nothing_twice(
    renum_on, tmp_path, capsys, settings, figure
):
    renum = renum_on("2025-08")
    backup = _back_up_under_load(renum, tmp_path / "backups")
    made_at = read_manifest(backup).made_at
    # The old database goes on for a while after the backup: what it starts now, the backup does not know.
    at_backup = renum.suna.starts()
    wait_until(lambda: renum.suna.starts() > at_backup + 2)
    _kill(renum)
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp() - %s)", [made_at])
        figure("restore_rpo_s", float(cursor.fetchone()[0]))
    assert backup.stat().st_mode & 0o777 == 0o600
    assert manifest_path(backup).stat().st_mode & 0o777 == 0o600
    for secret in (
        settings.SECRET_KEY,
        *settings.RENUM_ENCRYPTION_KEYS,
        settings.DATABASES["default"]["PASSWORD"],
    ):
        assert secret not in manifest_path(backup).read_text()

    with empty_database(f"{connection.settings_dict['NAME']}_restored") as name, working_on(name) as url:
        right = settings.RENUM_ENCRYPTION_KEYS
        settings.RENUM_ENCRYPTION_KEYS = ["another key, of thirty-two characters or more"]
        call_command("renum_restore", source=backup, verify=True)
        said = capsys.readouterr().out
        assert "0 % of 1 stored secrets open" in said
        assert "1 do not" in said
        ready = Client().get("/readyz")
        assert ready.status_code == 503
        assert [error["pointer"] for error in ready.json()["errors"]] == ["/keys"]
        settings.RENUM_ENCRYPTION_KEYS = right
        with pytest.raises(CommandError, match="has tables"):
            call_command("renum_restore", source=backup)

        began = time.monotonic()
        call_command("renum_restore", source=backup, replace=name, verify=True)
        figure("restore_rto_s", time.monotonic() - began)
        said = capsys.readouterr().out
        readable = re.search(r"(\d+) % of 1 stored secrets open", said)
        assert readable is not None
        assert readable[1] == "100"
        figure("restore_keys_readable_percent", float(readable[1]))
        _check_waiting(renum, url)
        _check_resumed(renum, figure)
    # Sessions of this process on the restored database are over; the usual one is whole.
    assert Execution.objects.count() == EXECUTIONS + 2


def _check_waiting(renum: RunningRenum, url: str) -> None:
    unfinished = Execution.objects.exclude(status__in=OVER)
    assert unfinished.count() >= EXECUTIONS - 2
    assert set(unfinished.values_list("status", "code", "driver_id")) == {("paused", "needs_review", None)}
    assert (Driver.objects.count(), find_drain()) == (0, None)
    assert ExecutionEvent.objects.filter(kind="execution_paused").count() == unfinished.count()
    report = verify()
    assert report.errors == ()
    assert [(one.name, one.count) for one in report.warnings] == [("paused", unfinished.count())]

    # Drivers are at work on it, as a new execution shows, and touch none of the others.
    before = renum.suna.starts()
    renum.start_drivers(DATABASE_URL=url)
    one_step = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}
    fresh = renum.wait_for(renum.start(renum.make_team(one_step)))
    assert fresh.status == "completed"
    assert renum.suna.starts() == before + 1
    assert set(unfinished.values_list("status", "code", "driver_id")) == {("paused", "needs_review", None)}


def _check_resumed(renum: RunningRenum, figure) -> None:
    known = set(AgentRun.objects.exclude(suna_run_id=None).values_list("suna_run_id", flat=True))
    begun = set(AgentRun.objects.exclude(suna_run_id=None).values_list("step_id", flat=True))
    in_suna = {run["id"] for run in renum.suna.get("runs")["runs"]}
    assert known <= in_suna
    figure("restore_runs_unknown_to_backup", len(in_suna - known))

    waiting = list(Execution.objects.exclude(status__in=OVER).order_by("id"))
    for execution in waiting[:-1]:
        resume_execution(execution=execution, by=renum.owner)
    cancel_execution(execution=waiting[-1], by=renum.owner)
    wait_until(lambda: not Execution.objects.exclude(status__in=OVER).exists(), timeout_s=90, every_s=0.2)

    assert set(Execution.objects.exclude(pk=waiting[-1].pk).values_list("status", flat=True)) == {"completed"}
    assert Execution.objects.get(pk=waiting[-1].pk).status == "cancelled"
    # Each step that had a run at the backup has that one and no other.
    runs = AgentRun.objects.filter(step_id__in=begun)
    assert set(runs.values_list("suna_run_id", flat=True)) == known
    assert renum.suna.get("summary")["threads_started_more_than_once"] == 0
    assert verify(quiescent=True).errors == ()


def test_a_start_that_waited_at_the_backup_is_looked_up_before_it_is_made(renum_on, tmp_path, figure):
    renum = renum_on("2025-08", "--parallel-limit", "2")
    wide = {"type": "parallel", "agents": [{"agent_id": f"agent-{n}"} for n in range(6)]}
    execution = renum.start(renum.make_team(wide), 'Compare. @@sim{"takes": 2}')
    renum.start_drivers()
    parked = AgentRun.objects.filter(status="created")
    wait_until(lambda: parked.count() >= 3)
    _kill(renum)
    # One of them was just decided upon: its step says so, and its start is not yet requested.
    ExecutionStep.objects.filter(pk=parked[0].step_id).update(status="starting", attempts=F("attempts") + 1)
    unknown = 6 - AgentRun.objects.count()
    figure("restore_starts_that_waited", parked.count())
    call_command("renum_backup", to=tmp_path / "backups")
    renum.start_drivers()
    assert renum.wait_for(execution).status == "completed"
    assert renum.suna.starts() == 6
    _kill(renum)

    with empty_database(f"{connection.settings_dict['NAME']}_restored") as name, working_on(name) as url:
        call_command("renum_restore", source=next((tmp_path / "backups").glob("*.dump")), verify=True)
        threads = set(AgentRun.objects.values_list("thread_id", flat=True))
        renum.start_drivers(DATABASE_URL=url)
        resume_execution(execution=Execution.objects.get(), by=renum.owner)
        assert renum.wait_for(execution).status == "completed"
        runs = AgentRun.objects.filter(thread_id__in=threads)
        assert set(runs.values_list("status", flat=True)) == {"completed"}
        assert runs.count() == len(threads) == 6 - unknown
        # Only of what had no thread at the backup nothing is known here.
        assert renum.suna.starts() == 6 + unknown
        assert renum.suna.get("summary")["threads_started_more_than_once"] == 0
        assert verify(quiescent=True).errors == ()
        figure("restore_started_twice", renum.suna.starts() - 6 - unknown)


def test_a_backup_that_was_changed_or_is_of_a_newer_renum_is_refused_and_nothing_is_touched(
    transactional_db, tmp_path
):
    call_command("renum_backup", to=tmp_path)
    backup = next(tmp_path.glob("*.dump"))
    manifest = manifest_path(backup)
    whole, about = backup.read_bytes(), manifest.read_text()
    with empty_database(f"{connection.settings_dict['NAME']}_restored") as name, working_on(name):
        backup.write_bytes(whole[:-1] + b"x")
        with pytest.raises(CommandError, match="SHA-256"):
            call_command("renum_restore", source=backup)
        backup.write_bytes(whole)
        manifest.write_text(about.replace("0005_drain", "9999_later"))
        with pytest.raises(CommandError, match=r"newer Renum .*executions\.9999_later"):
            call_command("renum_restore", source=backup)
        manifest.write_text("{}")
        with pytest.raises(CommandError, match="no manifest"):
            call_command("renum_restore", source=backup)
        manifest.write_text(about)
        with pytest.raises(CommandError, match="--replace names production"):
            call_command("renum_restore", source=backup, replace="production")

        assert connection.introspection.table_names() == []
        call_command("renum_restore", source=backup, verify=True)
        assert verify(quiescent=True).errors == ()


def test_a_restore_that_breaks_off_leaves_the_database_held_and_can_be_made_again(
    transactional_db, tmp_path, capsys
):
    make_rows()
    call_command("renum_backup", to=tmp_path)
    backup = next(tmp_path.glob("*.dump"))
    folder, major = find_client_tools(at_least=server_major())
    # Like a disk that is full: the rows are in, and the indexes are not made.
    breaking = tmp_path / "pg_restore"
    breaking.write_text(f"""#!/bin/sh
for given in "$@"; do
    if [ "$given" = --section=post-data ]; then echo "no space left" >&2; exit 1; fi
done
exec {folder}/pg_restore "$@"
""")
    breaking.chmod(0o755)
    with empty_database(f"{connection.settings_dict['NAME']}_restored") as name, working_on(name):
        with pytest.raises(RestoreIncomplete, match=r"no space left.*--replace"):
            restore(
                backup,
                tools=PostgresTools(folder=tmp_path, major=major),
                by="olga",
                replace=None,
                say=lambda _: None,
            )
        held = find_drain()
        assert held is not None
        assert (held.holds_all, held.begun_by) == (True, "olga")
        # What was queued is there, and no driver that looks now may take it.
        assert Execution.objects.filter(status="queued", driver=None).count() == 1
        assert count_claimable() == 0

        call_command("renum_restore", source=backup, replace=name, by="olga")
        assert find_drain() is None
        assert Execution.objects.filter(status="paused", code="needs_review").count() == 1
        # A driver that lives is somebody at work: nobody empties the database under it.
        make_driver()
        with pytest.raises(CommandError, match="stop them first"):
            call_command("renum_restore", source=backup, replace=name)
        Driver.objects.all().delete()
        # And so is whoever is connected to it, such as a web process that idles.
        with ThreadPoolExecutor(max_workers=1) as other:
            other.submit(Execution.objects.count).result()
            try:
                with pytest.raises(CommandError, match=rf"^1 other sessions use the database {name} \(renum"):
                    call_command("renum_restore", source=backup, replace=name)
            finally:
                other.submit(lambda: connection.close()).result()
        assert Execution.objects.count() == 2
        wait_until(lambda: _replaced(backup, name))


def _replaced(backup: Path, name: str) -> bool:
    """Restore as soon as the other session is gone, which PostgreSQL says a moment later."""
    try:
        call_command("renum_restore", source=backup, replace=name)
    except CommandError:
        return False
    return True
