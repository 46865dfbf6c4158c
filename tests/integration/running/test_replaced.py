"""A Suna replaced by another that keeps its routes: no call fails by it, and it is noticed all the same."""

import time
from dataclasses import asdict
from typing import Any

import pytest
from django.db.models.functions import Now

from executions.actions.sync_due_connections import sync_due_connections
from executions.agent_service import LiveSource
from executions.orchestrator.redetect import notice_another
from executions.suna.wire import PROFILES
from teams.models import SunaConnection
from tests.contract.raw_server import always, answer
from tests.faults.history import check_history
from tests.fixtures.raw_service import served
from tests.fixtures.running import RunningRenum, wait_until
from tests.integration.running.test_new_profiles import set_times
from tests.integration.running.test_redetection import QUICK, detections

C1 = {"streams_safely": True, "live": LiveSource.STREAM.value}
C2 = {"streams_safely": False, "live": LiveSource.ROWS.value}


def was(renum: RunningRenum, profile: str, *, learned: dict[str, Any], **columns: Any) -> None:
    """Have the connection's row say what was found before Suna was replaced."""
    SunaConnection.objects.filter(pk=renum.connection.pk).update(
        wire_profile=profile,
        capabilities=asdict(PROFILES[profile].capabilities) | learned,
        checked_at=None,
        sync_tried_at=None,
        **columns,
    )


def sync(renum: RunningRenum) -> SunaConnection:
    SunaConnection.objects.filter(pk=renum.connection.pk).update(sync_tried_at=None)
    assert sync_due_connections(until=time.monotonic() + 20) == 1
    return SunaConnection.objects.get(pk=renum.connection.pk)


def writes(renum: RunningRenum) -> list[str]:
    return [entry["path"] for entry in renum.suna.get("ledger")["entries"] if entry["method"] != "GET"]


def test_another_build_of_a_version_is_noticed_beside_the_catalogue_and_its_stream_left_alone(renum_on):
    renum = renum_on("2025-12/c2")
    was(renum, "2025-12", learned=C1, sends_user_keys=True)

    found = sync(renum)

    assert found.wire_profile == "2025-12"
    assert found.capabilities["streams_safely"] is False
    assert found.capabilities["live"] == "rows"
    # The same version: what its people agreed to holds.
    assert found.sends_user_keys is True
    assert (detections(renum), writes(renum)) == (1, [])


def test_a_newer_version_with_the_same_routes_is_noticed_and_gets_no_keys_without_being_asked(renum_on):
    renum = renum_on("2026-01")
    was(renum, "2025-12", learned=C2, sends_user_keys=True)

    found = sync(renum)

    assert (found.wire_profile, found.sends_user_keys, found.paused_code) == ("2026-01", False, "")
    assert found.capabilities["run_appears_within_s"] == 60.0
    assert writes(renum) == []


def test_it_is_looked_at_once_an_hour_and_not_where_somebody_just_did(renum_on):
    renum = renum_on("2026-01")
    was(renum, "2025-12", learned=C2)
    SunaConnection.objects.filter(pk=renum.connection.pk).update(checked_at=Now())

    assert sync(renum).wire_profile == "2025-12"
    assert detections(renum) == 0

    was(renum, "2025-12", learned=C2)
    sync(renum)
    for _ in range(3):
        sync(renum)
    assert detections(renum) == 1


@pytest.mark.parametrize("status", [200, 503])
def test_a_look_that_finds_no_suna_changes_nothing_and_pauses_nothing(renum_on, status):
    renum = renum_on("2026-01")
    was(renum, "2025-12", learned=C2, sends_user_keys=True)
    with served(always(answer(status, b"<html>Back soon.</html>", content_type="text/html"))) as url:
        SunaConnection.objects.filter(pk=renum.connection.pk).update(base_url=url)
        assert notice_another(renum.connection.pk, patience_s=5) is False

    found = SunaConnection.objects.get(pk=renum.connection.pk)
    assert (found.wire_profile, found.sends_user_keys, found.paused_code) == ("2025-12", True, "")


def test_drivers_take_a_client_of_the_new_version_with_the_next_start(renum_on):
    renum = renum_on("2026-01")
    was(renum, "2025-12", learned=C1)
    renum.start_drivers()
    chain = [{"agent_id": f"agent-{takes}", "instructions": f'@@sim{{"takes": {takes}}}'} for takes in (4, 1)]
    execution = renum.start(renum.make_team({"type": "sequential", "agents": chain}))
    wait_until(lambda: execution.agent_runs.filter(status="running").exists())

    assert sync(renum).wire_profile == "2026-01"

    assert renum.wait_for(execution).status == "completed"
    second = execution.agent_runs.get(agent_id="agent-1")
    streams = [entry["path"] for entry in renum.suna.get("ledger?operation=run.stream")["entries"]]
    # Here whoever reads a stream may fail its run: the first run's is read by the old client, and no other.
    assert not [path for path in streams if second.suna_run_id in path]


def test_a_young_run_that_is_not_there_is_no_lost_one_where_a_newer_suna_hides_it(renum_on):
    renum = renum_on("2026-01")
    set_times(renum, pending_s=5.0)
    was(renum, "2025-12", learned=C2)
    renum.start_drivers()

    execution = renum.run(QUICK)

    assert execution.status == "completed"
    assert renum.suna.starts() == 1
    assert execution.steps.get().attempts == 1
    renum.connection.refresh_from_db()
    assert renum.connection.wire_profile == "2026-01"
    assert detections(renum) == 1
    check_history(renum)


def test_a_run_that_is_really_lost_is_called_so_after_one_look(renum_on):
    renum = renum_on("2025-12/c2")
    was(renum, "2025-12", learned=C2)
    renum.connection.wire_profile = "2025-12"
    renum.suna.fail("run.get", times=1000, kind="vanish")
    renum.start_drivers()

    execution = renum.run({**QUICK, "defaults": {"retry": {"max_attempts": 1}}})

    assert execution.steps.get().code == "run_vanished"
    assert detections(renum) == 1
