"""A Suna that became another version: it is found out anew, by one driver, and runs under way go on."""

import asyncio
import http.server
import json
import threading
import urllib.request
import uuid
from collections.abc import Iterator

import pytest
from django.db import connections
from django.utils import timezone

from billing.actions.store_user_key import store_user_key
from billing.models import UsageLog
from executions.models import AgentRun, Execution, ExecutionStep
from executions.orchestrator.database_calls import in_driver_thread
from executions.orchestrator.redetect import Redetection
from teams.models import SunaConnection
from tests.faults.history import check_history
from tests.fixtures.running import TOKEN, RunningRenum, wait_until
from tests.integration.orchestrator.rows import make_run

pytestmark = pytest.mark.shares_suna

HANGING = {"type": "sequential", "agents": [{"agent_id": "agent-1", "instructions": '@@sim{"takes": 4}'}]}
QUICK = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}


def pretend(renum: RunningRenum, profile: str, **columns: object) -> None:
    """Have the connection's row say what was found before Suna was replaced."""
    SunaConnection.objects.filter(pk=renum.connection.pk).update(
        wire_profile=profile, capabilities={}, checked_at=None, **columns
    )


def prompts_of(renum: RunningRenum) -> list[str]:
    """Return the last line of what each run that was started was told."""
    threads = [run["thread_id"] for run in renum.suna.get("runs")["runs"]]
    return [
        prompt.splitlines()[-1]
        for thread in threads
        for prompt in renum.suna.get(f"threads/{thread}")["prompts"]
    ]


def detections(renum: RunningRenum) -> int:
    entries = renum.suna.get("ledger")["entries"]
    return sum(entry["path"] == "/openapi.json" for entry in entries)


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("2025-08", "2025-12"),
        ("2025-10", "2026-01"),
        ("2025-12", "2025-10"),
        ("2025-10", "2025-08"),
        ("2025-08", "2025-07"),
        ("2025-12", "2025-07"),
    ],
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
    assert prompts_of(renum) == ["What should we do?"]
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


@pytest.mark.parametrize("now", ["2025-08", "2025-07"])
def test_start_that_waits_with_its_thread_is_told_its_prompt_by_the_version_that_is_there_now(renum_on, now):
    renum = renum_on("2025-08" if now == "2025-08" else "2025-07")
    execution = renum.start(renum.make_team(QUICK))
    step = execution.steps.get()
    place = make_thread(renum) if now == "2025-08" else str(uuid.uuid4())
    # As a version left it that carries the prompt in the start.
    make_run(step, status="created", thread_id=place, suna_run_id=None, start_requested_at=None)
    Execution.objects.filter(pk=execution.pk).update(status="running", started_at=timezone.now())
    ExecutionStep.objects.filter(pk=step.pk).update(
        status="ready", code="service_contract_changed", attempts=1, input="What should we do?"
    )
    renum.start_drivers()

    assert renum.wait_for(execution).status == "completed"

    run = execution.agent_runs.get()
    assert (run.thread_id == place) is (now == "2025-08")
    assert renum.suna.starts() == 1
    assert prompts_of(renum) == ["What should we do?"]


def make_thread(renum: RunningRenum) -> str:
    request = urllib.request.Request(  # noqa: S310  the loopback
        f"{renum.suna.url}/api/threads",
        method="POST",
        data=b"name=x",
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-www-form-urlencoded"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        made: str = json.load(answer)["thread_id"]
    return made


def test_whose_key_is_used_is_said_by_the_version_that_is_there_now(renum_on):
    renum = renum_on("2025-12")
    pretend(renum, "seed", sends_user_keys=True)
    store_user_key(
        user=renum.owner, service="openai", key="sk-a-key-of-a-test-0123456789", now=timezone.now()
    )
    agents = [{"agent_id": "agent-1", "services": ["openai"]}]
    renum.start_drivers()

    execution = renum.run({"type": "sequential", "agents": agents})

    assert execution.status == "completed"
    assert execution.agent_runs.get().api_key_type == "suna_account"
    assert set(UsageLog.objects.values_list("api_key_type", flat=True)) == {"suna_account"}


def test_client_that_is_older_than_what_somebody_else_found_is_made_anew(renum_on):
    renum = renum_on("2025-12")
    SunaConnection.objects.filter(pk=renum.connection.pk).update(checked_at=timezone.now())
    mended: list[str] = []

    async def hear(profile: str) -> None:
        redetection = Redetection(mended=lambda connection: mended.append(connection.wire_profile))
        redetection.note(renum.connection.pk, profile)
        async with asyncio.timeout(10):
            while redetection.is_looking:
                await asyncio.sleep(0.01)
        await redetection.aclose()
        await in_driver_thread(connections.close_all)

    for profile, known in (("2025-12", []), ("2025-10", ["2025-12"])):
        asyncio.run(hear(profile))
        assert mended == known
    assert detections(renum) == 0
