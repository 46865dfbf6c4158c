"""A start and a hand-over of the team come one after the other: nobody pays for a team that is not theirs."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from executions.actions.hand_over_team import TeamBusy, hand_over_team
from executions.actions.retry_execution import retry_execution
from executions.actions.run_again_execution import run_again_execution
from executions.actions.start_execution import start_execution
from executions.models import Execution
from teams.actions.refusal import Refusal
from teams.models import Team, TeamRole, User
from tests.fixtures.locks import somebody_waits
from tests.fixtures.people import make_member
from tests.fixtures.site_rows import set_execution

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_S = 10
Begin = Callable[[Team, User, Execution], object]


def start(team: Team, by: User, ended: Execution) -> None:
    start_execution(team=team, by=by, prompt="Go.")


def retry(team: Team, by: User, ended: Execution) -> None:
    retry_execution(execution=ended, by=by)


def run_again(team: Team, by: User, ended: Execution) -> None:
    run_again_execution(execution=ended, by=by)


def in_thread(act: Callable[[], object]) -> tuple[threading.Thread, list[Refusal]]:
    """Begin it elsewhere; what it is refused with is put into the list."""
    refused: list[Refusal] = []

    def acted() -> None:
        try:
            act()
        except Refusal as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    thread = threading.Thread(target=acted)
    thread.start()
    return thread, refused


def wait_until_somebody_waits(thread: threading.Thread) -> None:
    deadline = time.monotonic() + WAIT_S
    while thread.is_alive() and time.monotonic() < deadline:
        if somebody_waits():
            return
        time.sleep(0.02)
    pytest.fail("nobody waits")


@pytest.fixture
def ended(team: Team) -> Execution:
    """Give an execution that failed."""
    execution = start_execution(team=team, by=team.owner, prompt="Go.").execution
    return set_execution(execution, status="failed", code="step_failed")


@pytest.mark.parametrize(
    ("begin", "who"),
    [(start, "owner"), (start, "operator"), (start, "heir"), (retry, "owner"), (run_again, "operator")],
)
def test_what_is_started_while_the_team_goes_to_another_is_billed_to_nobody(
    team: Team, ended: Execution, begin: Begin, who: str
) -> None:
    heir, operator = make_member(team, "edda", TeamRole.EDITOR), make_member(team, "otto", TeamRole.OPERATOR)
    by = {"owner": team.owner, "operator": operator, "heir": heir}[who]
    # As a request has read it before.
    seen = Team.objects.select_related("owner", "published_version", "connection").get(pk=team.pk)
    old = Execution.objects.select_related("team__connection", "team__owner", "workflow_version").get(
        pk=ended.pk
    )
    with transaction.atomic():
        hand_over_team(team=team, by=team.owner, user_id=heir.pk)
        thread, refused = in_thread(lambda: begin(seen, by, old))
        wait_until_somebody_waits(thread)
    thread.join(WAIT_S)

    assert [refusal.code for refusal in refused] == ["team_inactive"]
    assert Execution.objects.get() == ended


def test_who_took_the_team_and_switched_it_on_is_not_billed_for_what_began_before(
    team: Team, ended: Execution
) -> None:
    heir = make_member(team, "edda", TeamRole.EDITOR)
    with transaction.atomic():
        given = hand_over_team(team=team, by=team.owner, user_id=heir.pk)
        given.is_active = True
        given.save()
        thread, refused = in_thread(lambda: start(team, heir, ended))
        wait_until_somebody_waits(thread)
    thread.join(WAIT_S)

    assert [refusal.code for refusal in refused] == ["team_handed_over"]
    assert Execution.objects.get() == ended


def test_a_team_that_is_being_started_is_busy_for_whoever_hands_it_over(team: Team) -> None:
    heir, owner = make_member(team, "edda", TeamRole.EDITOR), team.owner
    with transaction.atomic():
        start_execution(team=team, by=owner, prompt="Go.")
        thread, refused = in_thread(lambda: hand_over_team(team=team, by=owner, user_id=heir.pk))
        wait_until_somebody_waits(thread)
    thread.join(WAIT_S)

    assert [type(refusal) for refusal in refused] == [TeamBusy]
    team.refresh_from_db()
    assert (team.owner, Execution.objects.get().payer) == (owner, owner)
