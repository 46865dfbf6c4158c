"""The only writer of a status: fenced, all or nothing for each execution, and numbered without gaps."""

import datetime as dt
import uuid

import pytest
from django.db import connection, transaction

from executions.context.rebuild import rebuild_context
from executions.context.store import read_context
from executions.engine.context_merge import merge_value
from executions.models import AgentRun, Execution, ExecutionEvent
from executions.orchestrator.append import append_changes, append_events
from executions.orchestrator.changes import (
    Changes,
    ChangesRefused,
    Committed,
    ContextWrite,
    Event,
    Fenced,
    Snapshot,
)
from executions.orchestrator.claim import claim_executions, count_claimable
from executions.orchestrator.commit import commit_batch
from executions.orchestrator.holding import raise_epoch
from executions.orchestrator.row_writes import EXECUTION_COLUMNS
from tests.integration.orchestrator.rows import AT, Rows, make_driver, make_execution, make_rows


@pytest.fixture
def rows(transactional_db: None) -> Rows:
    """Give one row of everything, committed."""
    return make_rows()


def hold(rows: Rows, *, count: int = 1) -> list[Execution]:
    """Give executions that the driver of `rows` has claimed, the open one first."""
    for _ in range(count - 1):
        make_execution(rows.team, rows.version)
    claimed = claim_executions(rows.driver.id, limit=count)
    return [Execution.objects.get(pk=execution_id) for execution_id, _ in sorted(claimed)]


def moved(execution: Execution, *, epoch: int | None = None, **columns: object) -> Changes:
    given = {name: getattr(execution, name) for name in EXECUTION_COLUMNS}
    return Changes(
        execution_id=execution.id,
        driver_id=execution.driver_id,
        epoch=execution.epoch if epoch is None else epoch,
        execution=given | {"status": "running"} | columns,
        events=[Event(kind="execution_started")],
        context=[ContextWrite(key="note", value=1, author="system")],
        snapshot=Snapshot(base_version=0, values={"note": 1}),
    )


def written(execution: Execution) -> tuple[str, int, int]:
    execution.refresh_from_db()
    assert execution.events.count() == execution.event_seq
    assert execution.context_changes.count() == execution.context_version
    assert execution.context_snapshots.count() == min(execution.context_version, 1)
    return execution.status, execution.event_seq, execution.context_version


@pytest.mark.parametrize("how", ["older epoch", "later epoch", "another driver", "nobody"])
def test_a_driver_that_does_not_hold_the_execution_writes_nothing(rows, how):
    [execution] = hold(rows)
    changes = moved(execution)
    if how == "older epoch":
        changes.epoch = execution.epoch - 1
    elif how == "later epoch":
        changes.epoch = execution.epoch + 1
    elif how == "another driver":
        changes.driver_id = make_driver().id
    else:
        Execution.objects.filter(pk=execution.pk).update(driver=None)

    result = commit_batch([changes])

    assert isinstance(result.outcomes[0], Fenced)
    assert result.context == []
    assert written(execution) == ("queued", 0, 0)


def test_those_that_are_held_are_written_when_another_one_of_the_batch_is_not(rows):
    mine, stolen = hold(rows, count=2)
    raise_epoch(stolen.id, rows.driver.id, epoch=stolen.epoch)

    outcomes = commit_batch([moved(mine), moved(stolen)]).outcomes

    assert isinstance(outcomes[0], Committed)
    assert isinstance(outcomes[1], Fenced)
    assert (written(mine), written(stolen)) == (("running", 1, 1), ("queued", 0, 0))


@pytest.mark.parametrize(
    "spoiled",
    [
        {"status": "lost"},
        {"code": "x" * 51},
        {"result_text": "a\x00b"},
        {"result": float("nan")},
        {"result": object()},
        {"usage_complete": None},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_only_the_execution_whose_data_is_refused_is_left_out(rows, spoiled):
    first, bad, last = hold(rows, count=3)

    outcomes = commit_batch([moved(first), moved(bad, **spoiled), moved(last)]).outcomes

    assert [type(outcome) for outcome in outcomes] == [Committed, ChangesRefused, Committed]
    assert [written(execution)[0] for execution in (first, bad, last)] == ["running", "queued", "running"]


def test_several_transitions_of_one_execution_in_a_batch_are_numbered_one_after_the_other(rows):
    [execution] = hold(rows)
    batch = [moved(execution, message="first"), moved(execution, message="second")]

    outcomes = commit_batch(batch).outcomes

    assert [(outcome.event_seq, outcome.context_version) for outcome in outcomes] == [(1, 1), (2, 2)]
    assert written(execution) == ("running", 2, 2)
    assert execution.message == "second"
    # The second's snapshot was made of version 0: a snapshot of what nobody saw is not kept.
    assert execution.context_snapshots.get().version == 1


def test_a_commit_whose_answer_was_lost_is_known_by_its_first_event(rows):
    [execution] = hold(rows)
    changes, further = moved(execution), moved(execution, message="further")
    commit_batch([changes])

    assert isinstance(commit_batch([changes]).outcomes[0], ChangesRefused)
    unsure = {changes.events[0].id, further.events[0].id}
    outcomes = commit_batch([changes, further], unsure=unsure).outcomes

    assert [outcome.event_seq for outcome in outcomes] == [1, 2]
    assert written(execution) == ("running", 2, 2)


def test_wishes_are_as_of_the_lock_and_rows_as_of_the_transaction(rows):
    [execution] = hold(rows)

    with transaction.atomic():
        with connection.cursor() as cursor:
            # As long as this might a lock be waited for.
            cursor.execute("SELECT now(), pg_sleep(0.2)")
            began = cursor.fetchone()[0]
        [committed] = commit_batch([moved(execution)]).outcomes

    assert committed.at == began
    assert committed.seen_at - began > dt.timedelta(seconds=0.2)


def test_a_wish_that_came_meanwhile_is_told_with_the_next_commit(rows):
    [execution] = hold(rows)
    assert commit_batch([moved(execution)]).outcomes[0].cancel_requested is False
    Execution.objects.filter(pk=execution.pk).update(cancel_requested_at=AT)

    assert commit_batch([moved(execution)]).outcomes[0].cancel_requested is True


def append_value(execution: Execution, key: str, value: object) -> None:
    write = ContextWrite(key=key, value=value, author="user:1")
    append_changes(Changes(execution_id=execution.id, events=[Event(kind="note")], context=[write]))


def merging(rule: str, given: object, *, old: object = None) -> ContextWrite:
    """What a driver writes that saw `old` in the context."""
    value = merge_value(rule, old=old, new=given)
    return ContextWrite(key="shared", value=value, author="step:a", merge=rule, given=given)


@pytest.mark.parametrize(
    ("rule", "seen", "stands", "given", "is_then"),
    [
        ("append", [1], [1, 2], 3, [1, 2, 3]),
        ("merge", {"a": 1}, {"a": 2, "b": 2}, {"c": 3}, {"a": 2, "b": 2, "c": 3}),
        ("max", 1, 9, 5, 9),
        ("replace", 1, 9, 5, 5),
    ],
)
def test_what_is_merged_is_merged_with_what_stands_under_the_lock(rows, rule, seen, stands, given, is_then):
    [execution] = hold(rows)
    append_value(execution, "shared", stands)
    changes = moved(execution)
    changes.context = [merging(rule, given, old=seen)]

    result = commit_batch([changes])

    assert execution.context_changes.order_by("version").last().value == is_then
    assert result.context[0].values == {"shared": is_then}
    assert read_context(execution.id, version=2) == {"shared": is_then}


def test_two_of_one_batch_that_saw_the_same_lose_nothing(rows):
    [execution] = hold(rows)
    batch = [moved(execution), moved(execution)]
    for number, changes in enumerate(batch):
        changes.context = [merging("append", number)]

    commit_batch(batch)

    assert [one.value for one in execution.context_changes.order_by("version")] == [[0], [0, 1]]


def test_a_value_that_no_longer_fits_is_left_out_and_seen(rows):
    [execution] = hold(rows)
    append_value(execution, "shared", "a text by now")
    changes = moved(execution)
    changes.context = [merging("append", 1), ContextWrite(key="other", value=2, author="step:a")]

    [outcome] = commit_batch([changes]).outcomes

    assert outcome.context_version == 2
    assert rebuild_context(execution.id, version=2) == {"shared": "a text by now", "other": 2}
    event = ExecutionEvent.objects.get(execution=execution, kind="context_conflict")
    assert (event.step_id, event.data) == ("a", {"key": "shared", "code": "not_a_list"})


def test_what_a_fenced_driver_wanted_merged_reaches_nobody(rows):
    [execution] = hold(rows)
    fenced, good = moved(execution), moved(execution)
    fenced.epoch, good.snapshot = 99, None
    fenced.context, good.context = [merging("append", "fenced")], [merging("append", "good")]

    commit_batch([fenced, good])

    assert rebuild_context(execution.id, version=1) == {"shared": ["good"]}


def test_people_append_to_an_execution_that_a_driver_holds_and_never_write_its_status(rows):
    [execution] = hold(rows)

    append_events(execution.id, [Event(kind="cancel_requested", actor="user:1")])

    assert written(execution) == ("queued", 1, 0)
    assert execution.epoch == 1


def test_an_append_is_undone_with_the_transaction_round_it(rows):
    with transaction.atomic():
        append_events(rows.open_execution.id, [Event(kind="cancel_requested")])
        transaction.set_rollback(True)

    assert not ExecutionEvent.objects.filter(execution=rows.open_execution).exists()


def test_an_append_to_an_execution_that_is_not_there_is_an_error(rows):
    with pytest.raises(LookupError):
        append_events(uuid.uuid4(), [Event(kind="cancel_requested")])


def test_what_a_living_driver_holds_is_not_claimed_and_what_a_dead_one_held_is(rows):
    [execution] = hold(rows)
    other = make_driver()
    assert (count_claimable(), claim_executions(other.id, limit=9)) == (0, [])

    type(rows.driver).objects.filter(pk=rows.driver.pk).update(lease_until=AT, beat_at=AT)

    assert claim_executions(other.id, limit=9) == [(execution.id, 2)]
    assert AgentRun.objects.filter(execution=execution).count() == 1
