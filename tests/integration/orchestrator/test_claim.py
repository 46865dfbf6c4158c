"""Which executions a driver may take, and in which order: by status, by wish, and fair among people (P17)."""
# ruff: noqa: S608  the SQL is put together from our own columns

import datetime as dt
import time

import pytest
from django.db import connection
from django.db.models.functions import Now

from executions.models import Execution
from executions.orchestrator import claim
from executions.orchestrator.claim import claim_executions, count_claimable, end_lease
from executions.orchestrator.driver import count_places_kept
from executions.orchestrator.holding import count_taken, find_wishes, leave_at_rest
from teams.models import User
from tests.integration.orchestrator.rows import AT, LATER, Rows, make_driver, make_execution, make_rows

MANY = 5000


@pytest.fixture
def rows(db: None) -> Rows:
    """Give one row of everything; the only open execution is out of the way."""
    rows = make_rows()
    Execution.objects.filter(pk=rows.open_execution.pk).update(not_before=LATER)
    return rows


def queue(rows: Rows, person: User, count: int, **fields: object) -> list[Execution]:
    return [make_execution(rows.team, rows.version, started_by=person, **fields) for _ in range(count)]


def person(name: str) -> User:
    return User.objects.create_user(name, email=f"{name}@example.org")


EARLY, LATE = AT, AT + dt.timedelta(hours=1)
PAUSED = {"pause_requested_at": LATE, "resume_requested_at": EARLY}
RESUMED = {"pause_requested_at": EARLY, "resume_requested_at": LATE}
CANCELLED = {"cancel_requested_at": LATE}
OVERDUE = {"deadline_at": EARLY}


@pytest.mark.parametrize(
    ("free", "columns"),
    [
        (True, {"status": "queued"}),
        (False, {"status": "queued", **PAUSED}),
        (False, {"status": "queued", "pause_requested_at": LATE}),
        (True, {"status": "queued", **RESUMED}),
        (True, {"status": "queued", **PAUSED, **CANCELLED}),
        (True, {"status": "queued", **PAUSED, **OVERDUE}),
        (True, {"status": "running"}),
        (True, {"status": "running", **PAUSED}),
        (False, {"status": "running", "not_before": LATER}),
        (True, {"status": "paused", **PAUSED}),
        (False, {"status": "paused", "at_rest": True, **PAUSED}),
        (True, {"status": "paused", "at_rest": True, **RESUMED}),
        (True, {"status": "paused", "at_rest": True, **PAUSED, **CANCELLED}),
        (True, {"status": "paused", "at_rest": True, **PAUSED, **OVERDUE}),
        # What people are asked has its time while it is paused, too; not while it waits for a look.
        (True, {"status": "paused", "at_rest": True, "look_at": AT, **PAUSED}),
        (False, {"status": "paused", "at_rest": True, "look_at": LATER, **PAUSED}),
        (False, {"status": "paused", "at_rest": True, "look_at": AT, "code": "needs_review", **PAUSED}),
        (False, {"status": "quarantined", "at_rest": True, "look_at": AT, "code": "crashed", **PAUSED}),
        # At rest and running, it waits for an answer.
        (False, {"status": "running", "at_rest": True, "look_at": LATER}),
        (True, {"status": "running", "at_rest": True, "look_at": AT}),
        (True, {"status": "running", "at_rest": True}),
        (True, {"status": "running", "at_rest": False, "look_at": LATER}),
        (True, {"status": "running", "at_rest": True, "look_at": LATER, **PAUSED}),
        (True, {"status": "running", "at_rest": True, "look_at": LATER, **CANCELLED}),
        (True, {"status": "running", "at_rest": True, "look_at": LATER, **OVERDUE}),
        (False, {"status": "paused", "code": "needs_review", **PAUSED}),
        (False, {"status": "paused", "code": "needs_review", **PAUSED, **OVERDUE}),
        (True, {"status": "paused", "code": "needs_review", **RESUMED}),
        (True, {"status": "cancelling", **CANCELLED}),
        (False, {"status": "quarantined", "code": "crashed", **PAUSED}),
        (False, {"status": "quarantined", "code": "crashed", **PAUSED, **OVERDUE}),
        (True, {"status": "quarantined", "code": "crashed", **RESUMED}),
        (True, {"status": "quarantined", "code": "crashed", **PAUSED, **CANCELLED}),
        (False, {"status": "completed", "finished_at": LATER}),
    ],
)
def test_an_execution_is_taken_up_only_where_something_is_to_be_done_for_it(rows, free, columns):
    execution = make_execution(rows.team, rows.version, **columns)

    assert count_claimable() == int(free)
    assert claim_executions(rows.driver.id, limit=9) == ([(execution.id, 1)] if free else [])
    assert count_claimable() == 0


def test_what_has_begun_comes_first_and_new_ones_in_turn_by_how_much_each_person_has_in_flight(rows):
    anna, ben, cleo = person("anna"), person("ben"), person("cleo")
    queue(rows, anna, 2, driver=rows.driver, status="running")
    queue(rows, ben, 1, driver=rows.driver)
    of_anna, of_ben, of_cleo = (queue(rows, somebody, 4) for somebody in (anna, ben, cleo))
    begun = make_execution(rows.team, rows.version, status="running")

    def next_of(count: int) -> set[object]:
        return {execution_id for execution_id, _ in claim_executions(rows.driver.id, limit=count)}

    assert next_of(1) == {begun.id}
    assert next_of(1) == {of_cleo[0].id}
    assert next_of(2) == {of_cleo[1].id, of_ben[0].id}
    assert next_of(3) == {of_cleo[2].id, of_ben[1].id, of_anna[0].id}
    assert next_of(9) == {of_cleo[3].id, of_ben[2].id, of_ben[3].id, *(one.id for one in of_anna[1:])}


def test_places_kept_for_newcomers_go_to_the_first_of_each_who_has_nothing_and_to_what_has_begun(rows):
    anna, ben = person("anna"), person("ben")
    queue(rows, anna, 1, driver=rows.driver, status="running")
    queue(rows, anna, 3)
    of_ben = queue(rows, ben, 3)
    begun = make_execution(rows.team, rows.version, status="paused", started_by=anna)

    claimed = claim_executions(rows.driver.id, limit=9, newcomers_only=True)

    assert {execution_id for execution_id, _ in claimed} == {begun.id, of_ben[0].id}
    assert claim_executions(rows.driver.id, limit=9, newcomers_only=True) == []


@pytest.mark.parametrize(("capacity", "kept"), [(1, 0), (2, 1), (10, 1), (40, 2), (300, 15)])
def test_a_few_places_are_kept_and_never_all(capacity, kept):
    assert count_places_kept(capacity) == kept


@pytest.mark.django_db(transaction=True)
def test_drivers_that_look_at_the_same_moment_take_different_ones_and_neither_waits(transactional_db, rows):
    waiting = queue(rows, person("anna"), 4)
    other = make_driver()
    rival = connection.copy()
    try:
        rival.set_autocommit(False)
        with rival.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM renum_team_executions WHERE id = ANY(%s) FOR UPDATE",
                [[one.id for one in waiting[:2]]],
            )
            claimed = claim_executions(other.id, limit=2)
    finally:
        rival.close()

    assert {execution_id for execution_id, _ in claimed} == {one.id for one in waiting[2:]}


def test_what_a_driver_known_to_be_dead_held_is_free_before_its_lease_is_over(rows):
    [execution] = queue(rows, rows.owner, 1)
    assert claim_executions(rows.driver.id, limit=1) == [(execution.id, 1)]
    assert count_claimable() == 0

    end_lease(rows.driver.id)

    assert claim_executions(make_driver().id, limit=1) == [(execution.id, 2)]


def test_wishes_are_those_of_what_the_driver_holds_and_what_is_at_rest_is_let_go_of_by_its_holder_only(rows):
    paused, resumed, plain = queue(rows, rows.owner, 3, status="running")
    held = dict(claim_executions(rows.driver.id, limit=3))
    Execution.objects.filter(pk=paused.pk).update(pause_requested_at=Now())
    Execution.objects.filter(pk=resumed.pk).update(**RESUMED, cancel_requested_at=Now())

    found = {
        wishes.execution_id: (wishes.cancel_requested, wishes.pause_requested)
        for wishes in find_wishes(rows.driver.id)
    }
    assert found == {paused.id: (False, True), resumed.id: (True, False)}
    leave_at_rest(paused.id, rows.driver.id, epoch=7)
    assert Execution.objects.get(pk=paused.pk).driver == rows.driver
    leave_at_rest(paused.id, rows.driver.id, epoch=1)
    row = Execution.objects.get(pk=paused.pk)
    assert (row.driver, row.at_rest) == (None, True)
    assert count_taken(rows.driver.id, held) == 0
    Execution.objects.filter(pk=plain.pk).update(driver=make_driver(), epoch=2)
    assert count_taken(rows.driver.id, held) == 1


def fill(rows: Rows, count: int) -> None:
    people = [person(f"person-{number}-of-{count}").pk for number in range(7)]
    others = [
        field.column
        for field in Execution._meta.concrete_fields
        if field.column not in ("id", "started_by_id", "not_before")
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO renum_team_executions (id, started_by_id, {', '.join(others)})"
            f" SELECT gen_random_uuid(), (%s::uuid[])[1 + n %% 7], {', '.join(others)}"
            " FROM renum_team_executions, generate_series(1, %s) AS n WHERE id = %s",
            [people, count, rows.open_execution.id],
        )
        cursor.execute("ANALYZE renum_team_executions")


def read_by_a_claim(rows: Rows) -> int:
    """Return how many pages PostgreSQL reads for one claim of 25, wherever they lie."""
    given = {
        "limit": 25,
        "depth": 50,
        "newcomers_only": False,
        "driver_id": rows.driver.id,
        "crowded": [],
        "crowding": [],
    }
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {claim._CLAIM}", given)
        [[found]] = cursor.fetchall()
    plan = found[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def test_a_claim_stays_cheap_beside_thousands_that_wait(rows, figure):
    fill(rows, MANY // 10)
    beside_few = read_by_a_claim(rows)
    fill(rows, MANY)

    took_ms = []
    for _ in range(7):
        began = time.perf_counter()
        assert len(claim_executions(rows.driver.id, limit=25)) == 25
        took_ms.append((time.perf_counter() - began) * 1000)
    figure("claim_25_of_5000_queued_ms", round(sorted(took_ms)[3], 1))

    beside_many = read_by_a_claim(rows)
    # Twice as many people wait: that may cost. How long each one's queue is must not.
    assert beside_many < 4 * beside_few
