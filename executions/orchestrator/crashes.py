"""Charging the death of a driver to the one execution on which it worked, and quarantine at the third time.

django-q2 counts no attempts of a task whose worker dies (reliability Q1), so that an execution which kills
its drivers would come back for ever. What a dead driver merely held is not charged.
"""

import logging
import os
import uuid
from pathlib import Path

from django.db import OperationalError
from django.db.models import F

from executions.engine.state import EXECUTION_TERMINAL, ExecutionStatus
from executions.models import Execution, ExecutionEvent
from executions.models.pause_wanted import PAUSE_FROM_NOW
from executions.orchestrator.break_off import build_break_off
from executions.orchestrator.changes import Changes, Event
from executions.orchestrator.claim import end_lease
from executions.orchestrator.commit import commit_batch
from executions.orchestrator.crash_slot import SUFFIX, read_slot, slot_folder, take_slot
from executions.orchestrator.database_calls import DATABASE_AWAY, brief_locks, is_contended
from executions.orchestrator.row_writes import EXECUTION_COLUMNS

logger = logging.getLogger(__name__)

CODE = "crashed"
QUARANTINED_AT = 3


def charge_crashes() -> int:
    """Find this host's dead drivers, free what they held, charge what they worked on; return how many died.

    Raises what says that PostgreSQL is away; then their slots are left for the next look.
    """
    died = 0
    for path in sorted(slot_folder().glob(f"*{SUFFIX}")):
        try:
            died += _bury(path)
        except OperationalError as error:
            if not is_contended(error):
                raise
            # Nobody's claims wait for it: the slot is there at the next look.
            logger.warning("the death behind %s is charged later: somebody has a row locked", path.name)
        except (OSError, ValueError) as error:
            # Another user's, or no driver's: nothing that should keep a driver from driving.
            logger.warning("the slot %s cannot be looked into: %s", path.name, error)
    return died


def _bury(path: Path) -> bool:
    driver_id = uuid.UUID(path.name.removesuffix(SUFFIX))
    file = take_slot(path)
    if file is None:
        return False
    try:
        charged = read_slot(file)
        logger.error("driver %s died; it worked on %d executions", driver_id, len(charged))
        end_lease(driver_id)
        for execution_id in sorted(charged):
            _charge_once(execution_id, driver_id)
        path.unlink(missing_ok=True)
    finally:
        os.close(file)
    return True


def _charge_once(execution_id: uuid.UUID, driver_id: uuid.UUID) -> None:
    try:
        charge_crash(execution_id, driver_id=driver_id)
    except DATABASE_AWAY:
        raise
    except Exception:
        # The slot goes all the same: an execution that cannot even be charged must not be looked at for ever.
        logger.exception("the crash of driver %s could not be charged to %s", driver_id, execution_id)


def charge_crash(execution_id: uuid.UUID, *, driver_id: uuid.UUID) -> int:
    """Count one death of a driver against an execution; return the count, 0 where nothing was charged.

    The third in a row quarantines it: nobody may write to it any more, and no driver takes it up before it is
    released. Where it is to be cancelled, it is ended instead, and its runs are looked for by the sweep.
    """
    # A driver dies once: the event's id says whether that was charged before.
    event_id = uuid.uuid5(driver_id, str(execution_id))
    with brief_locks():
        execution = (
            Execution.objects.select_for_update(no_key=True)
            .only(*EXECUTION_COLUMNS, "crash_count", "cancel_requested_at")
            .filter(pk=execution_id)
            .exclude(status__in=EXECUTION_TERMINAL)
            .first()
        )
        if execution is None or ExecutionEvent.objects.filter(pk=event_id).exists():
            return 0
        count = execution.crash_count + 1
        Execution.objects.filter(pk=execution_id).update(crash_count=count)
        crashed = Event(id=event_id, kind="driver_crashed", data={"count": count, "of": QUARANTINED_AT})
        changes = Changes(execution_id=execution_id)
        if count >= QUARANTINED_AT:
            if execution.cancel_requested_at is None:
                changes = _build_quarantine(execution, count)
            else:
                changes = build_break_off(execution_id, status=ExecutionStatus.CANCELLED, code=CODE)
            Execution.objects.filter(pk=execution_id).update(epoch=F("epoch") + 1)
        changes.events.insert(0, crashed)
        [outcome] = commit_batch([changes]).outcomes
        if isinstance(outcome, Exception):
            raise outcome
    logger.error("driver %s died of execution %s, death %d", driver_id, execution_id, count)
    return count


def _build_quarantine(execution: Execution, count: int) -> Changes:
    Execution.objects.filter(pk=execution.pk).update(pause_requested_at=PAUSE_FROM_NOW)
    columns = {name: getattr(execution, name) for name in EXECUTION_COLUMNS}
    columns |= {"status": ExecutionStatus.QUARANTINED.value, "code": CODE, "driver_id": None}
    return Changes(
        execution_id=execution.pk,
        execution=columns,
        events=[Event(kind="execution_quarantined", data={"code": CODE, "count": count})],
    )
