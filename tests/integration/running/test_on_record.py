"""Every state change, every key use and every verb is on record, without a secret (P28)."""

import datetime as dt
import hashlib
import uuid

from billing.actions.store_user_key import store_user_key
from executions.actions.cancel_execution import cancel_execution
from executions.models import AgentRun, Execution
from executions.upkeep.verify import verify
from teams.models import AuditEntry
from tests.fixtures.running import RunningRenum, wait_until

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
TEAM = {
    "type": "sequential",
    "agents": [
        {"agent_id": "agent-1", "services": ["openai"]},
        {"agent_id": "agent-2", "services": []},
        {"agent_id": "agent-3", "services": ["openai", "anthropic"]},
    ],
}


def starts_with(renum: RunningRenum, secret: str) -> int:
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return len(renum.suna.get(f"keys-seen?sha256={digest}")["seen"])


def uses_of(execution: Execution, service: str) -> int:
    entries = AuditEntry.objects.filter(act="keys_used", thing_id=str(execution.pk))
    return sum(service in entry.details["services"] for entry in entries)


def test_each_change_each_use_of_a_key_and_each_verb_leaves_its_entry(renum_on, figure):
    renum = renum_on("seed")
    keys = {service: f"sk-CANARY-{service}-{uuid.uuid4()}" for service in ("openai", "anthropic")}
    for service, key in keys.items():
        store_user_key(user=renum.owner, service=service, key=key, now=NOW)
    team = renum.make_team(TEAM)
    cluster = renum.start_drivers()
    calm = [renum.start(team, f"calm {number}") for number in range(4)]
    for execution in calm:
        assert renum.wait_for(execution).status == "completed"

    assert [uses_of(execution, "openai") for execution in calm] == [2] * 4
    assert [uses_of(execution, "anthropic") for execution in calm] == [1] * 4
    assert (starts_with(renum, keys["openai"]), starts_with(renum, keys["anthropic"])) == (8, 4)

    killed = [renum.start(team, f'killed {number} @@sim{{"takes": 3}}') for number in range(4)]
    wait_until(lambda: AgentRun.objects.filter(execution__in=killed, status="running").count() >= 2)
    cluster.kill_driver()
    cancel_execution(execution=killed[-1], by=renum.owner)
    over = [renum.wait_for(execution) for execution in killed]

    assert over[-1].status == "cancelled"
    # A driver that died between noting a use and sending the start has noted one more than was sent.
    uses = sum(uses_of(execution, "openai") for execution in (*calm, *killed))
    assert uses >= starts_with(renum, keys["openai"])
    assert AuditEntry.objects.filter(act="execution_cancelled", thing_id=str(killed[-1].pk)).count() == 1
    assert verify().errors == ()
    assert not any(key in str(entry.__dict__) for entry in AuditEntry.objects.all() for key in keys.values())
    figure("key_uses_not_on_record", max(0, starts_with(renum, keys["openai"]) - uses))
