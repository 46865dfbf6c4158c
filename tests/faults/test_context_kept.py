"""P14: the shared context is a function of the steps' results in PostgreSQL; Redis is a copy that may go."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

from executions.context import store
from executions.context.rebuild import rebuild_context
from executions.context.store import key_of, read_context
from executions.engine.context import result_key
from executions.models import Execution
from tests.faults.history import check_history
from tests.faults.load import check_started_once, wait_until_over
from tests.fixtures.own_services import Bench, OwnServices, frozen
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

WIDE = 20
AWKWARD = [
    "Zürich, 3 €",
    "\u2028\u202e right",
    "line\nline",
    '{"n": 1.0, "e": 1e20, "b": [true, null]}',
    "x" * 5000,
]


def wide_workflow(*, takes_s: float) -> dict[str, Any]:
    """Return twenty steps side by side and one that reads them all."""
    texts = [f"{AWKWARD[number % len(AWKWARD)]}{number}" for number in range(WIDE)]
    side_by_side = [
        {
            "agent_id": "agent-1",
            "id": f"s{number}",
            "instructions": f"@@sim{json.dumps({'takes': takes_s, 'text': text})}",
        }
        for number, text in enumerate(texts)
    ]
    names = [step["id"] for step in side_by_side]
    sources = [{"source": "agent_result", "step": name} for name in names]
    last = {"agent_id": "agent-2", "id": "last", "input": {"source": "combined", "sources": sources}}
    return {"type": "graph", "agents": [*side_by_side, last]}


def expected_merge(execution: Execution) -> dict[str, Any]:
    """Return the context as the results of the steps make it, each under its own key."""
    return {
        result_key(step.step_id): step.result_data if isinstance(step.result_data, dict) else step.result_text
        for step in execution.steps.filter(status="completed")
    }


def as_bytes(values: dict[str, Any]) -> bytes:
    return json.dumps(store.in_stored_form(values), ensure_ascii=False).encode()


def flush(services: OwnServices, client: "redis.Redis") -> None:
    client.flushall()


def kill_and_restart(services: OwnServices, client: "redis.Redis") -> None:
    services.box.kill_9("redis-server")
    time.sleep(0.3)
    services.start()


def evict(services: OwnServices, client: "redis.Redis") -> None:
    """Let memory run out, so that Redis throws away what it likes; then give it back."""
    client.config_set("maxmemory-policy", "allkeys-random")
    client.config_set("maxmemory", 1_000_000)
    time.sleep(0.3)
    client.config_set("maxmemory", 0)


def refuse_writes(services: OwnServices, client: "redis.Redis") -> None:
    """Make it a replica of nobody that answers: it reads what it has and takes nothing new."""
    client.replicaof("127.0.0.1", 9)
    time.sleep(1)
    client.replicaof("no", "one")


def hang(services: OwnServices, client: "redis.Redis") -> None:
    with frozen(services.box.pid_of("redis-server")):
        time.sleep(1)


def restore_old(services: OwnServices, client: "redis.Redis") -> None:
    """Put back what every context looked like some moments ago."""
    old = {name: client.hgetall(name) for name in client.keys("renum:context:*")}
    time.sleep(1)
    for name, fields in old.items():
        client.delete(name)
        client.hset(name, mapping=fields)


LOSSES: list[Callable[[OwnServices, "redis.Redis"], None]] = [
    flush,
    kill_and_restart,
    evict,
    refuse_writes,
    hang,
    restore_old,
]


def test_no_result_is_lost_or_changed_whatever_becomes_of_redis(own_renum: Bench, figure, monkeypatch):
    renum, services = own_renum.renum, own_renum.services
    chain = renum.make_team(
        {
            "type": "sequential",
            "agents": [
                {"agent_id": "agent-1", "id": f"c{n}", "instructions": '@@sim{"takes": 0.6}'}
                for n in range(8)
            ],
        }
    )
    wide = renum.make_team(wide_workflow(takes_s=1.5))
    renum.start_drivers()
    executions = [renum.start(chain, f"chain {number}") for number in range(3)]
    executions.append(renum.start(wide, "wide"))
    with services.redis() as client:
        wait_until(lambda: client.keys("renum:context:*"), timeout_s=60)
        for loss in LOSSES:
            loss(services, client)
            executions.append(renum.start(wide, loss.__name__))
            time.sleep(0.4)
        wait_until_over()
        assert set(Execution.objects.values_list("status", flat=True)) == {"completed"}

        rebuilds = 0

        def counted(execution_id: Any, *, version: int) -> dict[str, Any]:
            nonlocal rebuilds
            rebuilds += 1
            return rebuild_context(execution_id, version=version)

        monkeypatch.setattr(store, "rebuild_context", counted)
        differences = 0
        for loss in (None, *LOSSES):
            if loss is not None:
                loss(services, client)
            monkeypatch.setattr(store._away, "_until", 0.0)
            for execution in Execution.objects.all():
                expected = as_bytes(expected_merge(execution))
                for _ in range(2):
                    read = as_bytes(read_context(execution.pk, version=execution.context_version))
                    differences += read != expected
        # A copy of an older version is not used, however it came back.
        newest = executions[-1]
        newest.refresh_from_db()
        client.hset(key_of(newest.pk), mapping={"v": "1", "k:agent_s0_result": '"old"'})
        assert as_bytes(read_context(newest.pk, version=newest.context_version)) == as_bytes(
            expected_merge(newest)
        )

    assert differences == 0
    assert rebuilds > len(executions)
    for execution in executions:
        execution.refresh_from_db()
        assert execution.context_version == execution.steps.filter(status="completed").count()
        if execution.context_version > WIDE:
            assert execution.steps.get(step_id="last").context_version == WIDE
    check_started_once(renum)
    check_history(renum)
    figure("p14_losses_of_redis", len(LOSSES))
    figure("p14_parallel_writers", WIDE)
    figure("p14_rebuilds", rebuilds)
    figure("p14_differences", differences)
