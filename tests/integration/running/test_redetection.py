"""A Suna that became another version: it is found out anew, by one driver, and runs under way go on."""

import http.server
import json
import threading
from collections.abc import Iterator

import pytest
from django.utils import timezone

from executions.models import AgentRun
from teams.models import SunaConnection
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until

pytestmark = pytest.mark.shares_suna

HANGING = {"type": "sequential", "agents": [{"agent_id": "agent-1", "instructions": '@@sim{"takes": 4}'}]}
QUICK = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}


def pretend(renum: RunningRenum, profile: str, **columns: object) -> None:
    """Have the connection's row say what was found before Suna was replaced."""
    SunaConnection.objects.filter(pk=renum.connection.pk).update(
        wire_profile=profile, capabilities={}, checked_at=None, **columns
    )


def detections(renum: RunningRenum) -> int:
    entries = renum.suna.get("ledger")["entries"]
    return sum(entry["path"] == "/openapi.json" for entry in entries)


@pytest.mark.parametrize(
    ("was", "now"), [("2025-08", "2025-12"), ("2025-10", "2026-01"), ("2025-12", "2025-10")]
)
def test_start_at_a_suna_that_became_another_version_is_made_in_the_new_one(renum_on, was, now):
    renum = renum_on(now)
    pretend(renum, was, sends_user_keys=True)
    cluster = renum.start_drivers()

    execution = renum.run(QUICK)

    assert execution.status == "completed"
    renum.connection.refresh_from_db()
    assert (renum.connection.wire_profile, renum.connection.paused_code) == (now, "")
    # What may be another party's now gets nobody's keys without being asked anew.
    assert renum.connection.sends_user_keys is False
    assert detections(renum) == 1
    assert renum.suna.starts() == 1
    assert f"was {was}, now is {now}" in cluster.log.read_text()
    check_history(renum)


def test_run_under_way_goes_on_with_the_version_that_is_there_now(renum_on):
    renum = renum_on("2025-12")
    first = renum.start_drivers()
    execution = renum.start(renum.make_team(HANGING))
    wait_until(lambda: execution.agent_runs.filter(status="running").exists())
    first.kill_driver()
    first.stop()
    pretend(renum, "2025-10")

    renum.start_drivers()

    assert renum.wait_for(execution).status == "completed"
    renum.connection.refresh_from_db()
    assert renum.connection.wire_profile == "2025-12"
    assert renum.suna.starts() == 1
    assert AgentRun.objects.get(execution=execution).individual_usage_metrics["tokens_input"] > 0
    check_history(renum)


def test_several_drivers_detect_a_connection_once_a_minute_and_not_more_often(renum_on):
    renum = renum_on("2025-12")
    pretend(renum, "2025-10")
    SunaConnection.objects.filter(pk=renum.connection.pk).update(checked_at=timezone.now())
    renum.start_drivers(RENUM_CAPACITY="3")
    renum.start_drivers(RENUM_CAPACITY="3")
    executions = [renum.start(renum.make_team(QUICK)) for _ in range(4)]

    # Somebody has just looked: nobody looks again now, and all wait.
    wait_until(
        lambda: all(e.steps.filter(code="service_contract_changed").exists() for e in executions),
        timeout_s=30,
    )
    assert detections(renum) == 0

    SunaConnection.objects.filter(pk=renum.connection.pk).update(checked_at=None)
    assert {renum.wait_for(execution).status for execution in executions} == {"completed"}
    assert detections(renum) == 1
    assert renum.suna.starts() == 4


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers as FastAPI does where it knows no path at all."""

    def do_GET(self) -> None:
        body = json.dumps({"detail": "Not Found"}).encode()
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_what_is_no_suna_any_more_pauses_the_connection_until_somebody_mends_it(renum_on, stranger):
    renum = renum_on("2025-12")
    move(renum, stranger)
    cluster = renum.start_drivers()
    execution = renum.start(renum.make_team(QUICK))

    wait_until(lambda: paused_code(renum) == "unknown_suna")
    wait_until(lambda: execution.steps.filter(code="service_unknown_suna").exists())
    assert "no Suna answers at this address" in cluster.log.read_text()

    move(renum, renum.suna.url)
    assert renum.wait_for(execution).status == "completed"
    wait_until(lambda: paused_code(renum) == "")


def move(renum: RunningRenum, url: str) -> None:
    connection = SunaConnection.objects.with_credential().get(pk=renum.connection.pk)
    held = connection.credential()
    connection.base_url = url
    connection.set_credential(**held)
    connection.save(update_fields=["base_url", "sealed_credential"])


def paused_code(renum: RunningRenum) -> str:
    return SunaConnection.objects.values_list("paused_code", flat=True).get(pk=renum.connection.pk)
