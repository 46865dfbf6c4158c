"""That nobody answers is on the connection's row while it is so; a test that succeeds lets starts on."""

import pytest

from executions.actions.edit_connection import ConnectionChanges, edit_connection
from executions.actions.try_connection import try_connection
from executions.models import Execution
from teams.models import SunaConnection
from tests.fixtures.running import TOKEN, RunningRenum, wait_until

pytestmark = pytest.mark.shares_suna

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}


def row_of(renum: RunningRenum) -> SunaConnection:
    return SunaConnection.objects.get(pk=renum.connection.pk)


def is_over(execution: Execution) -> bool:
    return Execution.objects.filter(pk=execution.pk, finished_at__isnull=False).exists()


def test_a_suna_that_is_away_is_noted_until_it_answers_again(renum_on):
    renum = renum_on("2025-08")
    right = renum.connection.base_url
    away = ConnectionChanges(base_url="http://127.0.0.1:9", bearer=TOKEN)
    execution = renum.start(renum.make_team(ONE_STEP))
    edit_connection(connection=renum.connection, by=renum.owner, changes=away)
    renum.start_drivers()

    wait_until(lambda: row_of(renum).unreachable_at is not None, timeout_s=60)
    assert not is_over(execution)
    back = ConnectionChanges(base_url=right, bearer=TOKEN)
    edit_connection(connection=row_of(renum), by=renum.owner, changes=back)
    tested = try_connection(connection=row_of(renum), by=renum.owner)

    assert (tested.test_result["code"], tested.paused_code) == ("", "")
    assert renum.wait_for(execution).status == "completed"
    wait_until(lambda: row_of(renum).unreachable_at is None)


def test_a_refused_credential_is_renewed_and_tested_and_the_execution_goes_on(renum_on):
    # A version that does check who asks: earlier ones take any token.
    renum = renum_on("seed")
    wrong = ConnectionChanges(bearer="a-token-that-ran-out-0123456789")
    edit_connection(connection=renum.connection, by=renum.owner, changes=wrong)
    tested = try_connection(connection=renum.connection, by=renum.owner)
    execution = renum.start(renum.make_team(ONE_STEP))
    renum.start_drivers()
    assert tested.paused_code == "credential_refused"
    wait_until(lambda: execution.steps.filter(code="service_credential_refused").exists(), timeout_s=60)

    edit_connection(connection=row_of(renum), by=renum.owner, changes=ConnectionChanges(bearer=TOKEN))

    assert try_connection(connection=row_of(renum), by=renum.owner).paused_code == ""
    assert renum.wait_for(execution).status == "completed"
