"""What the owner of a connection mends while an execution waits: its credential, its base URL."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
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
    # A secret that cannot be read is what the history is searched for as well.
    unreadable.set_credential(bearer=TOKEN)
    unreadable.save()
    check_history(renum)


class Elsewhere(BaseHTTPRequestHandler):
    """Sends everybody to another address."""

    def do_POST(self) -> None:
        # What is left unread would break the connection under the answer.
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(308)
        self.send_header("Location", "http://127.0.0.1:9/trap")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def moved_suna() -> Iterator[str]:
    """Give the base URL of a service that redirects every call."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def move(connection: SunaConnection, base_url: str) -> None:
    # A credential is sealed for its address alone, so that both are stored together.
    connection.base_url = base_url
    connection.set_credential(bearer=TOKEN)
    connection.save()


def test_an_execution_waits_for_its_owner_to_correct_a_base_url_that_redirects(renum_on, moved_suna):
    renum = renum_on("2025-08")
    right = renum.connection.base_url
    move(renum.connection, moved_suna)
    execution = renum.start(renum.make_team(ONE_STEP))
    renum.start_drivers()
    wait_until(lambda: ExecutionStep.objects.filter(code="service_redirect_refused").exists())

    move(renum.connection, right)

    execution = renum.wait_for(execution)
    assert (execution.status, execution.steps.get().attempts) == ("completed", 1)
    check_history(renum)


def test_a_start_that_is_redirected_is_sent_again_when_nothing_redirects_any_more(renum_on):
    renum = renum_on("2025-08")
    renum.suna.fail("agent.start", times=1000, kind="redirect")
    execution = renum.start(renum.make_team(ONE_STEP))
    renum.start_drivers()
    wait_until(lambda: ExecutionStep.objects.filter(code="service_redirect_refused").exists())

    renum.suna.clear_faults()

    execution = renum.wait_for(execution)
    assert (execution.status, execution.steps.get().attempts) == ("completed", 1)
    assert renum.suna.starts() == 1
    check_history(renum)
