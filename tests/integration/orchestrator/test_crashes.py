"""A driver's death is charged once, to what it worked on; the third in a row quarantines (P12)."""

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from executions.models import Driver, Execution, ExecutionEvent
from executions.orchestrator.changes import Changes, Event, Fenced
from executions.orchestrator.claim import claim_executions
from executions.orchestrator.commit import commit_batch
from executions.orchestrator.crash_slot import CrashSlot, slot_folder
from executions.orchestrator.crashes import charge_crash, charge_crashes
from tests.contract.simulated_suna import ROOT
from tests.integration.orchestrator.rows import Rows, make_driver, make_rows

# Opens a slot as a driver does, works on one execution or holds it only, and tells when it is there.
DRIVER = """
import sys, time, uuid
import django; django.setup()
from executions.orchestrator.crash_slot import CrashSlot
slot = CrashSlot(uuid.UUID(sys.argv[1]))
slot.open()
def work():
    print("there", flush=True)
    time.sleep(60)
if len(sys.argv) > 2:
    with slot.charge_thread(uuid.UUID(sys.argv[2])):
        work()
work()
"""


@pytest.fixture
def rows(db: None, settings, tmp_path: Path) -> Rows:
    """Give one row of everything; the open execution is held by the driver of the rows. No slots yet."""
    settings.RENUM_VAR_DIR = tmp_path
    rows = make_rows()
    claim_executions(rows.driver.id, limit=1)
    return rows


def open_slot(rows: Rows, *work: uuid.UUID) -> "subprocess.Popen[str]":
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(rows.driver.id), *map(str, work)],
        cwd=ROOT,
        env={
            **os.environ,
            "RENUM_VAR_DIR": str(slot_folder().parent),
            "DJANGO_SETTINGS_MODULE": "renum_site.settings",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert driver.stdout is not None
    assert driver.stdout.readline() == "there\n"
    return driver


def open_one(rows: Rows) -> Execution:
    return Execution.objects.get(pk=rows.open_execution.pk)


def kinds(execution: Execution) -> list[str]:
    return list(execution.events.order_by("seq").values_list("kind", flat=True))


def test_death_of_a_driver_is_charged_once_to_what_it_worked_on_and_its_lease_is_over(rows):
    driver = open_slot(rows, rows.open_execution.id)
    try:
        driver.send_signal(signal.SIGSTOP)
        # Frozen is not dead.
        assert charge_crashes() == 0
        assert Driver.objects.alive().count() == 1
    finally:
        driver.kill()
        driver.communicate()

    assert charge_crashes() == 1

    assert not Driver.objects.alive().exists()
    assert not list(slot_folder().iterdir())
    execution = open_one(rows)
    assert (execution.crash_count, execution.status, execution.epoch) == (1, "queued", 1)
    assert kinds(execution) == ["driver_crashed"]
    assert charge_crashes() == 0
    # A second finder that had opened the slot before the first deleted it.
    assert charge_crash(execution.id, driver_id=rows.driver.id) == 0
    assert open_one(rows).crash_count == 1


def test_death_of_a_driver_is_not_charged_to_what_it_merely_held(rows):
    driver = open_slot(rows)
    driver.kill()
    driver.communicate()

    assert charge_crashes() == 1

    assert open_one(rows).crash_count == 0
    assert kinds(rows.open_execution) == []
    assert claim_executions(make_driver().id, limit=1) == [(rows.open_execution.id, 2)]


def test_third_death_in_a_row_quarantines_and_fences_off_whoever_holds_it(rows):
    execution = rows.open_execution
    held = Changes(
        execution_id=execution.id, driver_id=rows.driver.id, epoch=1, events=[Event(kind="step_waiting")]
    )

    assert [charge_crash(execution.id, driver_id=uuid.uuid4()) for _ in range(3)] == [1, 2, 3]

    row = open_one(rows)
    assert (row.status, row.code, row.crash_count) == ("quarantined", "crashed", 3)
    assert (row.driver, row.epoch) == (None, 2)
    assert row.pause_requested_at is not None
    assert kinds(row) == [*["driver_crashed"] * 3, "execution_quarantined"]
    assert row.events.last().data == {"code": "crashed", "count": 3}
    assert isinstance(commit_batch([held]).outcomes[0], Fenced)
    assert claim_executions(make_driver().id, limit=9) == []


def test_end_of_an_attempt_that_is_taken_in_forgets_the_deaths_before(rows):
    execution = rows.open_execution
    for _ in range(2):
        charge_crash(execution.id, driver_id=uuid.uuid4())

    progress = Changes(
        execution_id=execution.id,
        driver_id=rows.driver.id,
        epoch=1,
        events=[Event(kind="step_completed")],
        clears_crashes=True,
    )
    commit_batch([progress])

    assert open_one(rows).crash_count == 0
    assert charge_crash(execution.id, driver_id=uuid.uuid4()) == 1
    assert open_one(rows).status == "queued"


@pytest.mark.django_db(transaction=True)
def test_what_is_to_be_cancelled_and_kills_its_drivers_is_ended_and_its_runs_are_left_to_the_sweep(
    transactional_db, rows
):
    execution = rows.open_execution
    Execution.objects.filter(pk=execution.pk).update(
        crash_count=3, status="quarantined", code="crashed", cancel_requested_at=rows.event.created_at
    )

    assert charge_crash(execution.id, driver_id=uuid.uuid4()) == 4

    row = open_one(rows)
    assert (row.status, row.code, row.driver) == ("cancelled", "crashed", None)
    assert row.agent_runs.get().status == "abandoned"
    assert row.steps.get().status == "cancelled"
    assert kinds(row) == ["driver_crashed", "execution_cancelled"]
    # It is over: nothing is charged to it any more.
    assert charge_crash(execution.id, driver_id=uuid.uuid4()) == 0


def test_slot_of_a_living_driver_names_the_execution_only_while_one_of_its_stretches_runs(rows):
    seen: list[bytes] = []
    slot = CrashSlot(rows.driver.id)
    slot.open()
    path = slot_folder() / f"{rows.driver.id}.slot"
    first, second = uuid.uuid4(), uuid.uuid4()

    async def work(name: uuid.UUID) -> uuid.UUID:
        for _ in range(2):
            seen.append(path.read_bytes())
            await asyncio.sleep(0)
            seen.append(path.read_bytes())
        return name

    async def both() -> list[uuid.UUID]:
        tasks = [asyncio.create_task(slot.charge(name, work(name))) for name in (first, second)]
        await asyncio.sleep(0)
        assert path.read_bytes() == bytes(32)
        return await asyncio.gather(*tasks)

    assert asyncio.run(both()) == [first, second]
    half = bytes(16)
    assert set(seen) == {first.bytes + half, second.bytes + half}
    with slot.charge_thread(second):
        assert path.read_bytes() == half + second.bytes
    assert path.read_bytes() == bytes(32)
    slot.close()
    assert not path.exists()
    assert not ExecutionEvent.objects.filter(kind="driver_crashed").exists()


def test_driver_drives_on_where_its_slot_cannot_be_made(rows, tmp_path, caplog):
    (tmp_path / "drivers").write_text("a file where the folder should be")
    slot = CrashSlot(rows.driver.id)

    slot.open()

    with slot.charge_thread(rows.open_execution.id):
        pass
    slot.close()
    assert "charged to nobody" in caplog.text
    assert charge_crashes() == 0
