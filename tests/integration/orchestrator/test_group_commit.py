"""The writer of a driver: a COMMIT whose answer was lost, data that the database has no room for."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from executions.models import Execution, ExecutionEvent
from executions.orchestrator import commit, group_commit
from executions.orchestrator.changes import Changes, ChangesRefused, Committed, Event
from executions.orchestrator.claim import claim_executions
from executions.orchestrator.commit import BatchResult, commit_batch
from executions.orchestrator.group_commit import GroupCommit
from executions.orchestrator.row_writes import EXECUTION_COLUMNS
from tests.fixtures.running import wait_until
from tests.integration.orchestrator.rows import Rows, make_execution, make_rows


def held(rows: Rows, *, count: int) -> list[Execution]:
    for _ in range(count - 1):
        make_execution(rows.team, rows.version)
    claimed = claim_executions(rows.driver.id, limit=count)
    return [Execution.objects.get(pk=execution_id) for execution_id, _ in sorted(claimed)]


def started(execution: Execution, **columns: object) -> Changes:
    given = {name: getattr(execution, name) for name in EXECUTION_COLUMNS}
    return Changes(
        execution_id=execution.id,
        driver_id=execution.driver_id,
        epoch=execution.epoch,
        execution=given | {"status": "running"} | columns,
        events=[Event(kind="execution_started")],
    )


async def write(changes: Changes) -> tuple[Committed, int]:
    """Return what one commit told, and how often the writer died."""
    deaths: list[None] = []
    commits = GroupCommit(max_batch=10, died=lambda: deaths.append(None))
    commits.start()
    try:
        async with asyncio.timeout(10):
            return await commits.commit(changes), len(deaths)
    finally:
        await commits.close(patience_s=5)


@pytest.mark.parametrize("lost", ["the answer", "the commit"])
def test_changes_are_written_once_when_the_connection_breaks_round_their_commit(
    transactional_db, monkeypatch, lost
):
    [execution] = held(make_rows(), count=1)
    calls: list[int] = []

    def commit_over_a_bad_line(batch: Sequence[Changes], **how: Any) -> BatchResult:
        calls.append(len(how["unsure"]))
        if len(calls) > 1:
            return commit_batch(batch, **how)
        if lost == "the answer":
            commit_batch(batch)
        raise OperationalError("the connection broke")

    monkeypatch.setattr(group_commit, "commit_batch", commit_over_a_bad_line)

    committed, deaths = asyncio.run(write(started(execution)))

    assert (committed.event_seq, deaths) == (1, 0)
    assert calls == [0, 1]
    execution.refresh_from_db()
    assert (execution.status, execution.event_seq) == ("running", 1)
    assert ExecutionEvent.objects.filter(execution=execution).count() == 1


@contextmanager
def locked_by_another(execution: Execution) -> Iterator[None]:
    """Keep an execution's row locked by a session of its own."""
    with psycopg.connect(settings.TEST_DATABASE_URL) as other:
        other.execute("SELECT 1 FROM renum_team_executions WHERE id = %s FOR UPDATE", [execution.id])
        yield


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchone()[0])


def test_commit_that_is_still_under_way_when_its_client_is_cut_off_is_not_repeated(
    transactional_db, monkeypatch
):
    [execution] = held(make_rows(), count=1)
    changes = started(execution)
    release, calls = threading.Event(), []

    def commit_late() -> None:
        with transaction.atomic():
            commit_batch([changes])
            calls.append("first")
            assert release.wait(10)
        connection.close()

    def commit_over_a_bad_line(batch: Sequence[Changes], **how: Any) -> BatchResult:
        if not calls:
            # The server is at the first commit still when the client learns that its line is gone.
            late.start()
            wait_until(lambda: calls)
            raise OperationalError("the connection broke")
        return commit_batch(batch, **how)

    late = threading.Thread(target=commit_late)
    monkeypatch.setattr(group_commit, "commit_batch", commit_over_a_bad_line)

    def release_once_the_repeat_waits() -> None:
        wait_until(waits_for_a_lock)
        release.set()
        connection.close()

    releaser = threading.Thread(target=release_once_the_repeat_waits)
    releaser.start()
    committed, deaths = asyncio.run(write(changes))
    for thread in (late, releaser):
        thread.join()

    assert (committed.event_seq, deaths) == (1, 0)
    assert ExecutionEvent.objects.filter(execution=execution).count() == 1


def test_one_locked_execution_holds_up_nobody_else_and_its_own_transitions_keep_their_order(
    transactional_db,
):
    locked, *others = held(make_rows(), count=4)

    async def write_all() -> list[str]:
        commits = GroupCommit(max_batch=10, died=lambda: None)
        order: list[str] = []

        async def hand_in(name: str, changes: Changes) -> None:
            await commits.commit(changes)
            order.append(name)

        try:
            async with asyncio.timeout(30), asyncio.TaskGroup() as group:
                with locked_by_another(locked):
                    own = [group.create_task(hand_in("own 1", started(locked, message="1")))]
                    batch = [group.create_task(hand_in("other", started(each))) for each in others]
                    await asyncio.sleep(0)
                    commits.start()
                    await asyncio.wait(batch)
                    own.append(group.create_task(hand_in("own 2", started(locked, message="2"))))
                    # Who comes later is not held up at all.
                    began = asyncio.get_running_loop().time()
                    await hand_in("later", started(others[0]))
                    assert asyncio.get_running_loop().time() - began < 1
                    assert not any(task.done() for task in own)
        finally:
            await commits.close(patience_s=5)
        return order

    order = asyncio.run(write_all())

    assert order == ["other", "other", "other", "later", "own 1", "own 2"]
    locked.refresh_from_db()
    assert (locked.status, locked.message) == ("running", "2")


def test_session_that_postgresql_ended_in_the_middle_of_a_transaction_is_away_and_refuses_nothing(
    transactional_db, monkeypatch
):
    [execution] = held(make_rows(), count=1)
    write_rows = commit.write_rows

    def stand_still(*given: Any) -> None:
        time.sleep(0.5)
        write_rows(*given)

    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = 100")
    with monkeypatch.context() as patched:
        patched.setattr(commit, "write_rows", stand_still)
        with pytest.raises(OperationalError):
            commit_batch([started(execution)])
    connection.close()

    assert commit_batch([started(execution)]).outcomes[0].event_seq == 1


def test_only_the_execution_that_exceeds_a_limit_of_postgresql_is_refused(db):
    good, large = held(make_rows(), count=2)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION too_much() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'too much' USING ERRCODE = 'program_limit_exceeded'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER too_much BEFORE UPDATE ON renum_team_executions FOR EACH ROW"
            " WHEN (NEW.message = 'large') EXECUTE FUNCTION too_much()"
        )

    outcomes = commit_batch([started(good), started(large, message="large")]).outcomes

    assert [type(outcome) for outcome in outcomes] == [Committed, ChangesRefused]
    assert "too much" in str(outcomes[1])
    good.refresh_from_db()
    large.refresh_from_db()
    assert (good.status, large.status) == ("running", "queued")
