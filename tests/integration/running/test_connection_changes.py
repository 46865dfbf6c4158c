"""A connection that its owner changes while an execution is under way: what it was counts no more."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from billing.actions.store_user_key import store_user_key
from executions.actions.edit_connection import ConnectionChanges, edit_connection, forget_credential
from executions.actions.start_step_again import start_step_again
from executions.models import Execution, ExecutionStep
from teams.models import SunaConnection
from tests.contract.simulated_suna import SimulatedSuna
from tests.faults.history import check_history
from tests.fixtures.running import TOKEN, RunningRenum, simulated_suna, wait_until
from tests.integration.running.test_keys import NOW, agent, chain, seen

OLD_TOKEN = "a-token-for-the-old-address-alone"
ONCE = {"retry": {"max_attempts": 1}}
HEARD_WITHIN_S = 10.0

RenumOn = Callable[..., RunningRenum]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[SimulatedSuna]:
    """Give another Suna, which does not know the token of the first one."""
    (tmp_path / "elsewhere").mkdir()
    with simulated_suna("2025-08", "--run-seconds", "0.1", folder=tmp_path / "elsewhere") as suna:
        yield suna


def on_old_address(renum_on: RenumOn, profile: str = "2025-08") -> RunningRenum:
    renum = renum_on(profile, "--token", OLD_TOKEN)
    renum.connection.set_credential(bearer=OLD_TOKEN)
    renum.connection.save()
    return renum


def entries(suna: SimulatedSuna) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = suna.get("ledger")["entries"]
    return found


def move(renum: RunningRenum, suna: SimulatedSuna, **changes: Any) -> SunaConnection:
    given = ConnectionChanges(base_url=suna.url, bearer=TOKEN, **changes)
    return edit_connection(connection=renum.connection, by=renum.owner, changes=given).connection


def waits_until_first_runs(execution: Execution) -> None:
    wait_until(lambda: execution.agent_runs.filter(status="running").exists())


def test_a_forgotten_credential_is_sent_no_more_and_the_execution_goes_on_with_another(renum_on):
    renum = renum_on("2025-08")
    slow = {**agent(1), "instructions": '@@sim{"takes": 2}'}
    execution = renum.start(renum.make_team(chain(slow, agent(2))))
    renum.start_drivers()
    waits_until_first_runs(execution)

    forget_credential(connection=renum.connection, by=renum.owner)

    wait_until(lambda: entries(renum.suna)[-1]["status"] == 401)
    refused_from = next(row["seq"] for row in entries(renum.suna) if row["status"] == 401)
    # The run that is under way cannot be asked for either: that is said, and it is waited for.
    wait_until(
        lambda: ExecutionStep.objects.filter(
            execution=execution, step_id="agent-1", code="service_credential_refused"
        )
    )
    assert not [row for row in entries(renum.suna) if row["seq"] > refused_from and row["status"] != 401]
    assert not [row for row in entries(renum.suna)[-3:] if "authorization" in row["headers"]]
    assert renum.suna.starts() == 1
    changes = ConnectionChanges(bearer=TOKEN)
    edit_connection(connection=renum.connection, by=renum.owner, changes=changes)

    assert renum.wait_for(execution).status == "completed"
    assert list(execution.steps.values_list("attempts", flat=True)) == [1, 1]
    check_history(renum)


def test_nothing_is_sent_to_an_old_address_and_nothing_of_it_to_the_new_one(renum_on, elsewhere):
    renum = on_old_address(renum_on)
    slow = {**agent(1), "instructions": '@@sim{"takes": 60}', "on_error": "continue"}
    team = renum.make_team({**chain(slow, agent(2)), "defaults": {"retry": {"max_attempts": 3}}})
    execution = renum.start(team)
    renum.start_drivers()
    waits_until_first_runs(execution)

    moved = move(renum, elsewhere)

    assert (moved.wire_profile, moved.capabilities) == ("", {})
    wait_until(lambda: entries(elsewhere), timeout_s=HEARD_WITHIN_S)
    last = entries(renum.suna)[-1]["seq"]
    assert renum.wait_for(execution).status == "partial"
    assert entries(renum.suna)[-1]["seq"] == last
    assert 401 not in [row["status"] for row in entries(elsewhere)]
    first, second = execution.steps.order_by("id")
    # Another attempt would run beside the one that nobody can see any more.
    assert (first.code, first.reason_params["because"], first.attempts) == ("run_vanished", "moved", 1)
    assert first.agent_runs.get().usage_complete is False
    assert (second.status, second.attempts) == ("completed", 1)
    assert (renum.suna.starts(), elsewhere.starts()) == (1, 1)
    renum.connection.refresh_from_db()
    assert renum.connection.wire_profile == "2025-08"


@pytest.mark.parametrize("is_stamped_before_the_start", [False, True])
def test_a_start_in_doubt_at_an_old_address_is_a_persons_to_decide(
    renum_on, elsewhere, is_stamped_before_the_start
):
    renum = on_old_address(renum_on)
    renum.suna.fail("agent.start", kind="drop")
    # Until the driver hears of the move it asks the old one, whose word would count.
    renum.suna.fail("thread.runs", kind="drop", times=1000)
    execution = renum.start(renum.make_team(chain(agent(1))))
    renum.start_drivers()
    wait_until(lambda: ExecutionStep.objects.filter(execution=execution, code="start_uncertain"))

    with transaction.atomic():
        move(renum, elsewhere)
        if is_stamped_before_the_start:
            # As it is where the start is asked for after the move is written and before it is committed.
            asked_at = execution.agent_runs.get().start_requested_at
            stamp = {"moved_at": asked_at - dt.timedelta(seconds=1)}
            SunaConnection.objects.filter(pk=renum.connection.pk).update(**stamp)

    wait_until(lambda: ExecutionStep.objects.filter(execution=execution, code="start_unknown"))
    step = execution.steps.get()
    because = {} if is_stamped_before_the_start else {"because": "moved"}
    assert (step.attempts, step.reason_params) == (1, {"attempt": 1, **because})
    assert (renum.suna.starts(), elsewhere.starts()) == (0, 0)
    start_step_again(execution=execution, step_id=step.step_id, by=renum.owner)

    assert renum.wait_for(execution).status == "completed"
    assert (renum.suna.starts(), elsewhere.starts()) == (0, 1)


def test_no_key_goes_along_once_its_consent_is_withdrawn(renum_on):
    renum = renum_on("seed")
    key = f"sk-CANARY-{uuid.uuid4()}"
    store_user_key(user=renum.owner, service="openai", key=key, now=NOW)
    slow = {**agent(1, services=["openai"]), "instructions": '@@sim{"takes": 1.5}'}
    execution = renum.start(renum.make_team(chain(slow, agent(2, services=["openai"]))))
    renum.start_drivers()
    waits_until_first_runs(execution)

    changes = ConnectionChanges(sends_user_keys=False)
    edit_connection(connection=renum.connection, by=renum.owner, changes=changes)

    assert renum.wait_for(execution).status == "completed"
    assert seen(renum, key) == [("agent.start", "x-api-key-openai")]
    kinds = dict(execution.agent_runs.values_list("step__step_id", "api_key_type"))
    assert kinds == {"agent-1": "user_provided", "agent-2": "suna_account"}
