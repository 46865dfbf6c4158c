"""What a restore makes of each execution: nothing goes on by itself, and no start is made unasked."""

import datetime as dt

import pytest
from django.db import connection
from django.db.models import F

from executions.actions.release_execution import release_execution
from executions.actions.resume_execution import resume_execution
from executions.models import AgentRun, Execution, ExecutionStep
from executions.orchestrator.claim import count_claimable
from executions.upkeep.needs_review import hand_over_to_people
from executions.upkeep.verify import check_all
from teams.models.database_time import database_now
from tests.integration.orchestrator.rows import (
    LATER,
    Rows,
    make_execution,
    make_question,
    make_rows,
    make_run,
    make_step,
)

pytestmark = pytest.mark.usefixtures("clean_redis")

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def rows(db: None) -> Rows:
    """Give one row of everything, of which the open execution is over too."""
    rows = make_rows()
    AgentRun.objects.filter(pk=rows.open_run.pk).update(status="completed", finished_at=rows.run.finished_at)
    rows.open_execution.delete()
    return rows


def hand_over() -> int:
    return hand_over_to_people(made_at=database_now() - HOUR, by="olga")


def parked(execution: Execution, **fields: object) -> AgentRun:
    step = make_step(execution, **{"status": "ready", "code": "service_throttled", "attempts": 1} | fields)
    return make_run(step, attempt=2, status="created", suna_run_id=None, start_requested_at=None)


@pytest.mark.parametrize(
    ("code", "wished"),
    [("needs_review", {"resume_requested_at": F("pause_requested_at") + HOUR}), ("", {})],
)
def test_one_that_was_to_go_on_when_the_backup_was_made_waits_all_the_same(rows, code, wished):
    execution = make_execution(rows.team, rows.version, status="paused", code=code)
    before = Execution.objects.filter(pk=execution.pk)
    before.update(pause_requested_at=database_now() - HOUR)
    before.update(**wished)

    assert hand_over() == 1
    assert hand_over() == 0

    assert (before.get().status, before.get().code) == ("paused", "needs_review")
    assert count_claimable() == 0


def test_a_resume_that_lies_ahead_by_this_server_s_clock_does_not_count(rows):
    execution = make_execution(rows.team, rows.version, status="paused")
    Execution.objects.filter(pk=execution.pk).update(resume_requested_at=database_now() + HOUR)

    assert hand_over() == 1
    assert count_claimable() == 0


@pytest.mark.parametrize("status", ["running", "paused", "quarantined"])
@pytest.mark.parametrize(("step", "attempts"), [("ready", 1), ("starting", 2)])
def test_a_start_that_waited_is_one_in_doubt_afterwards(rows, status, step, attempts):
    code = "crashed" if status == "quarantined" else ""
    execution = make_execution(rows.team, rows.version, status=status, code=code)
    Execution.objects.filter(pk=execution.pk).update(pause_requested_at=database_now())
    run = parked(execution, status=step, attempts=attempts)
    thread = run.thread_id

    hand_over()

    run.refresh_from_db()
    row = run.step
    row.refresh_from_db()
    assert (run.status, run.thread_id, run.suna_run_id) == ("starting", thread, None)
    assert run.start_requested_at > database_now() - HOUR
    assert (row.status, row.code, row.attempts) == ("start_uncertain", "start_uncertain", 2)
    assert list(execution.events.filter(kind="start_in_doubt").values_list("step_id", "data")) == [
        (row.step_id, {"attempt": 2, "thread": thread, "run": None})
    ]
    hand_over()
    assert execution.events.filter(kind="start_in_doubt").count() == 1


@pytest.mark.parametrize("decision", ["", "again"])
def test_a_start_without_a_thread_waits_for_a_person_and_forgets_what_was_decided(rows, decision):
    execution = make_execution(rows.team, rows.version, status="running")
    step = make_step(execution, status="starting", attempts=1)
    run = make_run(step, status="starting", suna_run_id=None)
    AgentRun.objects.filter(pk=run.pk).update(thread_id=None, start_decision=decision)

    hand_over()

    run.refresh_from_db()
    step.refresh_from_db()
    assert (run.status, run.thread_id, run.start_decision) == ("starting", None, "")
    assert (step.status, step.code, step.reason_params) == (
        "start_uncertain",
        "start_unknown",
        {"attempt": 1},
    )
    report = check_all(quiescent=True)
    assert "waits_for_decision" in [found.name for found in report.warnings]
    # It waits, at rest too: the one that is not over and waits for nobody is another one.
    (not_over,) = [found for found in report.findings if found.name == "not_over"]
    assert not_over.examples == ()


def test_a_start_in_doubt_at_the_backup_has_its_whole_grace_once_more(rows):
    execution = make_execution(rows.team, rows.version, status="running")
    step = make_step(execution, status="starting", attempts=1)
    run = make_run(step, status="starting", suna_run_id=None)
    over = make_run(make_step(execution, position=1, step_id="other", status="running", attempts=1))

    hand_over()

    run.refresh_from_db()
    assert run.start_requested_at > database_now() - HOUR
    assert AgentRun.objects.get(pk=over.pk).start_requested_at == over.start_requested_at


def test_a_run_that_was_never_to_be_started_stays_what_it_is(rows):
    execution = make_execution(rows.team, rows.version, status="cancelling")
    Execution.objects.filter(pk=execution.pk).update(cancel_requested_at=database_now())
    run = parked(execution, status="cancelled", code="execution_cancelled", finished_at=rows.run.finished_at)
    placeless = parked(execution, position=1, step_id="other")
    AgentRun.objects.filter(pk=placeless.pk).update(thread_id=None)

    hand_over()

    assert set(AgentRun.objects.filter(execution=execution).values_list("status", flat=True)) == {"created"}
    assert ExecutionStep.objects.get(pk=run.step_id).status == "cancelled"


def deadline_put_off_s(execution: Execution) -> float:
    return (Execution.objects.get(pk=execution.pk).deadline_at - LATER).total_seconds()


@pytest.mark.parametrize(
    ("status", "code", "verb", "put_off_s"),
    [
        ("paused", "needs_review", resume_execution, 3600),
        ("quarantined", "crashed", release_execution, 3600),
        ("paused", "", resume_execution, 0),
    ],
)
def test_time_in_which_a_person_had_to_look_is_not_charged_to_the_deadline(
    rows, django_user_model, status, code, verb, put_off_s
):
    boss = django_user_model.objects.create_superuser("boss", email="boss@example.org")
    execution = make_execution(rows.team, rows.version, status=status, code=code)
    Execution.objects.filter(pk=execution.pk).update(pause_requested_at=database_now() - HOUR)
    who = boss if status == "quarantined" else rows.owner

    verb(execution=execution, by=who)
    verb(execution=execution, by=who)

    assert deadline_put_off_s(execution) == pytest.approx(put_off_s, abs=30)
    assert count_claimable() == 1


def test_a_clock_that_was_put_back_takes_nothing_from_the_deadline(rows):
    execution = make_execution(rows.team, rows.version, status="paused", code="needs_review")
    Execution.objects.filter(pk=execution.pk).update(pause_requested_at=database_now() + HOUR)

    resume_execution(execution=execution, by=rows.owner)

    assert deadline_put_off_s(execution) == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT resume_requested_at > pause_requested_at FROM renum_team_executions"
                       " WHERE id = %s", [execution.pk])  # fmt: skip
        assert cursor.fetchone()[0]


def test_a_question_that_was_open_may_be_answered_as_long_as_it_might_have_been(rows):
    execution = make_execution(rows.team, rows.version, status="running")
    now = database_now()
    until = now - HOUR / 2
    said = {"until": until.isoformat()}
    step = make_step(execution, status="waiting_input", code="question_open", attempts=1, reason_params=said)
    run = make_run(step, status="completed", code="asked", finished_at=now - HOUR * 2)
    question = make_question(run, expires_at=until)
    closed = make_question(
        make_run(step, attempt=2, status="completed", code="asked", finished_at=now - HOUR * 2),
        expires_at=until,
        state="expired",
        closed_at=now,
    )

    assert hand_over() == 1

    for row in (step, question, closed):
        row.refresh_from_db()
    assert HOUR <= question.expires_at - until < HOUR + HOUR / 60
    assert step.reason_params == {"until": question.expires_at.isoformat()}
    assert closed.expires_at == until
