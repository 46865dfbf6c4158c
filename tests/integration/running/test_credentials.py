"""The connection's own credential: refused, unreadable, and mended while an execution waits for it."""

from django.db import connection

from executions.models import ExecutionStep
from teams.models import SunaConnection
from tests.faults.history import check_history
from tests.fixtures.running import TOKEN, wait_until

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}


def test_an_execution_waits_for_its_owner_to_mend_a_refused_credential_and_then_goes_on(renum_on):
    renum = renum_on("2025-08")
    refused = SunaConnection(
        owner=renum.owner, name="Refused", base_url=renum.suna.url, wire_profile="2025-08"
    )
    refused.set_credential(bearer="a-token-that-ran-out")
    refused.save()
    unreadable = SunaConnection.objects.create(
        owner=renum.owner, name="Unreadable", base_url=renum.suna.url, wire_profile="2025-08"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE teams_sunaconnection SET sealed_credential = 'none' WHERE id = %s", [unreadable.id]
        )
    teams = [renum.make_team(ONE_STEP) for _ in range(3)]
    for team, its_connection in zip(teams, (refused, unreadable, renum.connection), strict=True):
        type(team).objects.filter(pk=team.pk).update(connection=its_connection)
        team.refresh_from_db()
    waiting, ended, untouched = (renum.start(team) for team in teams)
    renum.start_drivers()

    assert renum.wait_for(untouched).status == "completed"
    assert renum.wait_for(ended).steps.get().code == "credential_undecryptable"
    wait_until(lambda: ExecutionStep.objects.filter(execution=waiting, code="service_credential_refused"))

    refused.set_credential(bearer=TOKEN)
    refused.save()

    assert renum.wait_for(waiting).status == "completed"
    assert waiting.steps.get().attempts == 1
    check_history(renum)
