"""Draining: nothing new begins, what is under way ends, what is accepted waits (and begins afterwards)."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from executions.models import AgentRun, Drain, Execution
from executions.orchestrator.claim import claim_executions, count_claimable
from executions.upkeep.drain import begin_drain, count_in_flight, end_drain, find_drain
from tests.fixtures.running import wait_until
from tests.integration.orchestrator.rows import make_driver, make_execution, make_rows, make_run, make_step

SHORT = {"type": "sequential", "agents": [{"agent_id": "agent-1"}, {"agent_id": "agent-2"}]}


def test_what_is_under_way_ends_and_what_is_queued_begins_after_the_drain(renum_on, capsys):
    renum = renum_on("2025-08")
    team = renum.make_team(SHORT)
    under_way = renum.start(team, 'Compare. @@sim{"takes": 2}')
    renum.start_drivers()
    wait_until(lambda: Execution.objects.filter(pk=under_way.pk, status="running").exists())

    call_command("renum_drain", "on", reason="new version", by="olga")
    queued = renum.start(team, "Later.")
    with pytest.raises(SystemExit) as ended:
        call_command("renum_drain", "status", wait=0.1)
    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "by olga: new version" in said
    assert f"{under_way.pk}  running" in said
    # A cluster that comes up meanwhile begins nothing either.
    renum.start_drivers()
    call_command("renum_drain", "status", wait=60)
    assert "Nothing is in flight" in capsys.readouterr().out

    under_way.refresh_from_db()
    queued.refresh_from_db()
    assert (under_way.status, queued.status, queued.driver_id) == ("completed", "queued", None)
    assert renum.suna.starts() == 2
    call_command("renum_drain", "off", by="pablo")
    assert renum.wait_for(queued).status == "completed"
    drain = Drain.objects.get()
    assert (drain.begun_by, drain.ended_by, drain.reason) == ("olga", "pablo", "new version")


@pytest.fixture
def rows(db: None):
    """Give one row of everything, nothing of it held."""
    return make_rows()


def test_one_drain_at_a_time_and_the_first_ones_reason_stays(rows):
    assert find_drain() is None
    first = begin_drain(by="olga", reason="first")
    assert begin_drain(by="pablo", reason="second") == first
    with pytest.raises(IntegrityError), transaction.atomic():
        Drain.objects.create(begun_by="x", begun_at=first.begun_at)
    hold = begin_drain(by="olga", reason="restore", holds_all=True)
    assert find_drain() == hold
    assert end_drain(by="pablo")
    assert not end_drain(by="pablo")
    assert find_drain() == hold
    assert end_drain(by="pablo", holds_all=True)
    assert find_drain() is None


def test_a_drain_keeps_queued_ones_and_a_hold_keeps_everything_from_being_claimed(rows):
    begun = make_execution(rows.team, rows.version, status="running")
    unwanted = make_execution(rows.team, rows.version)
    Execution.objects.filter(pk=unwanted.pk).update(cancel_requested_at=unwanted.created_at)
    driver = make_driver()
    assert count_claimable() == 3

    begin_drain(by="olga")
    # What is cancelled before it began starts nothing, so it may end.
    assert count_claimable() == 2
    begin_drain(by="olga", holds_all=True)
    assert count_claimable() == 0
    assert claim_executions(driver.pk, limit=10) == []
    end_drain(by="olga", holds_all=True)
    assert {claimed for claimed, _ in claim_executions(driver.pk, limit=10)} == {begun.pk, unwanted.pk}
    end_drain(by="olga")
    assert [claimed for claimed, _ in claim_executions(driver.pk, limit=10)] == [rows.open_execution.pk]


@pytest.mark.parametrize("status", ["paused", "quarantined"])
def test_what_waits_for_a_person_is_in_flight_only_with_a_run_that_goes_on(rows, status):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM renum_team_agent_executions WHERE status = 'running'")
    assert count_in_flight().count == 0
    paused = make_execution(rows.team, rows.version, status=status)
    assert count_in_flight().count == 0
    make_run(make_step(paused))
    left = count_in_flight()
    assert (left.count, left.first[0].execution_id, left.first[0].runs) == (1, paused.pk, 1)
    undecided = make_execution(rows.team, rows.version, status=status)
    step = make_step(undecided, status="start_uncertain", code="start_unknown")
    run = make_run(step, status="starting", suna_run_id=None)
    assert count_in_flight().count == 1
    # Somebody decided: from then on it goes on.
    AgentRun.objects.filter(pk=run.pk).update(start_decision="again")
    assert count_in_flight().count == 2
    undecided.steps.all().update(code="start_uncertain")
    AgentRun.objects.filter(pk=run.pk).update(start_decision="")
    # A start that is being looked up comes to its end by itself.
    assert count_in_flight().count == 2
    AgentRun.objects.filter(pk=run.pk).update(status="abandoned", finished_at=run.created_at)
    for _ in range(25):
        make_execution(rows.team, rows.version, status="running")
    left = count_in_flight()
    assert (left.count, len(left.first)) == (26, 20)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("status", "--wait", "nan"), "nan is no number of seconds"),
        (("status", "--wait", "inf"), "inf is no number"),
        (("on", "--wait=-1"), "-1 is no number"),
        (("on", "--wait", "soon"), "soon is no number"),
        (("off", "--wait", "5"), "goes with on and status"),
        (("on", "--restored"), "goes with off only"),
        (("status", "--restored"), "goes with off only"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(rows, given, said):
    with pytest.raises(CommandError, match=said):
        call_command("renum_drain", *given)
    assert not Drain.objects.exists()


def test_each_kind_of_drain_is_ended_by_its_own_word(rows, capsys):
    Execution.objects.update(driver=None)
    rows.open_run.delete()
    call_command("renum_drain", "on", by="olga")
    assert "It goes on until renum_drain off.\n" in capsys.readouterr().out

    call_command("renum_drain", "off", "--restored", by="olga")
    said = capsys.readouterr().out
    assert said.startswith("No restore held anything.\nDraining, since ")
    assert "No drain" not in said

    begin_drain(by="olga", holds_all=True)
    call_command("renum_drain", "off", by="olga")
    said = capsys.readouterr().out
    assert said.startswith("A restore holds every execution, since ")
    assert "It goes on until renum_drain off --restored." in said
    call_command("renum_drain", "off", by="olga")
    assert capsys.readouterr().out.startswith("No drain was on.\nA restore holds")
    call_command("renum_drain", "off", "--restored", by="olga")
    assert capsys.readouterr().out.startswith("Not draining")
