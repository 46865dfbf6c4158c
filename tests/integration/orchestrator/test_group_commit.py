"""The writer of a driver: a COMMIT whose answer was lost, data that the database has no room for."""

import asyncio
from collections.abc import Sequence

import pytest
from django.db import OperationalError, connection

from executions.models import Execution, ExecutionEvent
from executions.orchestrator import group_commit
from executions.orchestrator.changes import Changes, ChangesRefused, Committed, Event
from executions.orchestrator.claim import claim_executions
from executions.orchestrator.commit import BatchResult, commit_batch
from executions.orchestrator.group_commit import GroupCommit
from executions.orchestrator.row_writes import EXECUTION_COLUMNS
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

    def commit_over_a_bad_line(batch: Sequence[Changes]) -> BatchResult:
        calls.append(len(batch))
        if len(calls) > 1:
            return commit_batch(batch)
        if lost == "the answer":
            commit_batch(batch)
        raise OperationalError("the connection broke")

    monkeypatch.setattr(group_commit, "commit_batch", commit_over_a_bad_line)

    committed, deaths = asyncio.run(write(started(execution)))

    assert (committed.event_seq, deaths) == (1, 0)
    # What is there already is not written again: the second batch is empty.
    assert calls == ([1, 0] if lost == "the answer" else [1, 1])
    execution.refresh_from_db()
    assert (execution.status, execution.event_seq) == ("running", 1)
    assert ExecutionEvent.objects.filter(execution=execution).count() == 1


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
