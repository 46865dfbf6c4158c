"""P13: after any single fault heals, everything moves again, and nobody has to do anything for it."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.db import connection

from executions.models import AgentRun, Execution
from tests.faults.history import check_history
from tests.faults.load import check_started_once, percentile, running_in_suna
from tests.fixtures.own_services import Bench, frozen
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

IN_FLIGHT = 3
LASTS_S = 2.0
# The target: two leases, two looks of the watch and the longest patience of a caller (reliability §1.3).
HEALED_WITHIN_S = 20.0
ALWAYS = 1_000_000
TWO_STEPS = {
    "type": "sequential",
    "agents": [
        {"agent_id": "agent-1", "instructions": '@@sim{"takes": 1.0}'},
        {"agent_id": "agent-2", "instructions": '@@sim{"takes": 0.2}'},
    ],
}
QUICK = {"RENUM_CALL_DEADLINE_S": "2", "RENUM_START_GRACE_S": "3", "RENUM_LEASE_TTL_S": "2"}

Fault = Callable[[Bench], AbstractContextManager[None]]


@contextmanager
def postgres_stopped_hard(bench: Bench) -> Iterator[None]:
    bench.services.stop_postgres_hard()
    yield
    bench.services.start()


@contextmanager
def postgres_sessions_ended(bench: Bench) -> Iterator[None]:
    with bench.services.admin() as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'renum' AND pid <> pg_backend_pid()"
        )
    yield


@contextmanager
def postgres_tables_locked(bench: Bench) -> Iterator[None]:
    with bench.services.admin() as admin, admin.transaction():
        admin.execute("LOCK TABLE renum_team_executions, executions_driver IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def postgres_read_only(bench: Bench) -> Iterator[None]:
    def set_read_only(value: str) -> None:
        with bench.services.admin() as admin:
            admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            admin.execute("SELECT pg_reload_conf()")

    set_read_only("on")
    yield
    set_read_only("off")


@contextmanager
def postgres_unreachable(bench: Bench) -> Iterator[None]:
    bench.services.network.set("refuse")
    yield
    bench.services.network.set("pass")


@contextmanager
def postgres_silent(bench: Bench) -> Iterator[None]:
    bench.services.network.set("blackhole")
    yield
    bench.services.network.set("reset")
    bench.services.network.set("pass")


@contextmanager
def commits_unanswered(bench: Bench) -> Iterator[None]:
    """Each COMMIT takes effect, and its sender loses the connection before it learns so."""
    network = bench.services.network
    for _ in range(3):
        lost = network.answers_lost
        network.lose_answer_to(b"COMMIT")
        wait_until(lambda before=lost: network.answers_lost > before)
    yield


@contextmanager
def redis_killed(bench: Bench) -> Iterator[None]:
    bench.services.box.kill_9("redis-server")
    yield
    bench.services.start()


@contextmanager
def redis_frozen(bench: Bench) -> Iterator[None]:
    with frozen(bench.services.box.pid_of("redis-server")):
        yield


@contextmanager
def redis_flushed(bench: Bench) -> Iterator[None]:
    with bench.services.redis() as client:
        client.flushall()
    yield


@contextmanager
def suna_frozen(bench: Bench) -> Iterator[None]:
    with frozen(bench.suna_pid()):
        yield


def suna_network(mode: str) -> Fault:
    @contextmanager
    def fault(bench: Bench) -> Iterator[None]:
        bench.suna_network.set(mode)  # type: ignore[arg-type]
        yield
        # Whoever hangs in a connection that was swallowed is not healed by the next one.
        bench.suna_network.set("pass")

    return fault


def suna_answers(operation: str = "*", *, times: int = ALWAYS, **effect: object) -> Fault:
    @contextmanager
    def fault(bench: Bench) -> Iterator[None]:
        bench.renum.suna.fail(operation, times=times, **effect)
        yield
        bench.renum.suna.clear_faults()

    return fault


FAULTS: dict[str, Fault] = {
    "postgres_stopped_hard": postgres_stopped_hard,
    "postgres_sessions_ended": postgres_sessions_ended,
    "postgres_tables_locked": postgres_tables_locked,
    "postgres_read_only": postgres_read_only,
    "postgres_unreachable": postgres_unreachable,
    "postgres_silent": postgres_silent,
    "postgres_commits_unanswered": commits_unanswered,
    "redis_killed": redis_killed,
    "redis_frozen": redis_frozen,
    "redis_flushed": redis_flushed,
    "suna_refused": suna_network("refuse"),
    "suna_reset": suna_network("reset"),
    "suna_silent": suna_network("blackhole"),
    "suna_frozen": suna_frozen,
    "suna_500": suna_answers(kind="error"),
    "suna_503": suna_answers(kind="status", status=503),
    "suna_401": suna_answers(kind="status", status=401),
    "suna_malformed_starts": suna_answers("agent.start", kind="malformed", when="after"),
    "suna_malformed_looks": suna_answers("run.get", times=IN_FLIGHT, kind="malformed"),
}


def test_everything_moves_again_after_each_fault_without_a_hand(own_renum, figure):
    bench, renum = own_renum, own_renum.renum
    team = renum.make_team(TWO_STEPS)
    for _ in range(2):
        renum.start_drivers(**QUICK)
    took = {}
    for name, fault in FAULTS.items():
        before = running_in_suna(renum)
        executions = [renum.start(team, f"{name} {number}") for number in range(IN_FLIGHT)]
        wait_until(lambda before=before: running_in_suna(renum) >= before + IN_FLIGHT)

        with fault(bench):
            time.sleep(LASTS_S)
        healed = time.monotonic()
        # The test is no part of what must heal.
        connection.close()

        executions.append(renum.start(team, f"{name}, after it"))
        ids = [execution.pk for execution in executions]
        wait_until(
            lambda ids=ids: not Execution.objects.filter(pk__in=ids, finished_at=None).exists(), timeout_s=60
        )
        took[name] = time.monotonic() - healed
        ends = dict(Execution.objects.filter(pk__in=ids).values_list("initial_prompt", "status"))
        assert set(ends.values()) == {"completed"}, ends

    assert all(cluster.popen.poll() is None for cluster in renum.clusters)
    check_started_once(renum)
    check_history(renum)
    assert max(took.values()) < HEALED_WITHIN_S, took
    assert AgentRun.objects.filter(status="completed").count() == len(FAULTS) * (IN_FLIGHT + 1) * 2
    for name, seconds in took.items():
        figure(f"p13_recovery_s_{name}", seconds)
    figure("p13_recovery_p50_s", percentile(list(took.values()), 0.5))
    figure("p13_recovery_p95_s", percentile(list(took.values()), 0.95))
    figure("p13_recovery_max_s", max(took.values()))
