"""P13: after any single fault heals, everything moves again, and nobody has to do anything for it."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.db import InternalError, connection

from executions.models import AgentRun, Driver, Execution
from teams.models import SunaConnection, Team
from tests.faults.history import check_history
from tests.faults.load import check_started_once, percentile, running_in_suna
from tests.fixtures.own_services import Bench, frozen
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

IN_FLIGHT = 3
# The target: two leases, two looks of the watch and the longest patience of a caller (reliability §1.3).
HEALED_WITHIN_S = 45.0
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


def refuses_writes() -> bool:
    try:
        SunaConnection.objects.update(name="Renamed")
    except InternalError as error:
        return "read-only" in str(error)
    return False


@contextmanager
def postgres_read_only(bench: Bench) -> Iterator[None]:
    def set_read_only(value: str) -> None:
        with bench.services.admin() as admin:
            admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            admin.execute("SELECT pg_reload_conf()")

    set_read_only("on")
    wait_until(refuses_writes)
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


# What CI has time for: one of each kind, and those whose outcome is the least certain.
QUICK_FAULTS = (
    "postgres_stopped_hard",
    "postgres_commits_unanswered",
    "redis_killed",
    "redis_frozen",
    "suna_frozen",
    "suna_401",
    "suna_malformed_starts",
)


def heal_one(bench: Bench, team: Team, name: str, *, lasts_s: float) -> float:
    """Have one fault come and go; return how long after it everything was over, work that came later too."""
    renum = bench.renum
    before = running_in_suna(renum)
    executions = [renum.start(team, f"{name} {number}") for number in range(IN_FLIGHT)]
    wait_until(lambda: running_in_suna(renum) >= before + IN_FLIGHT)

    with FAULTS[name](bench):
        time.sleep(lasts_s)
    healed = time.monotonic()
    # The test is no part of what must heal.
    connection.close()

    executions.append(renum.start(team, f"{name}, after it"))
    ids = [execution.pk for execution in executions]
    wait_until(lambda: not Execution.objects.filter(pk__in=ids, finished_at=None).exists(), timeout_s=60)
    took_s = time.monotonic() - healed
    ends = dict(Execution.objects.filter(pk__in=ids).values_list("initial_prompt", "status"))
    assert set(ends.values()) == {"completed"}, ends
    return took_s


def heal_all(bench: Bench, names: Iterable[str], *, lasts_s: float) -> dict[str, float]:
    """Have faults come and go, one after the other; return how long each took to heal."""
    renum = bench.renum
    team = renum.make_team(TWO_STEPS)
    for _ in range(2):
        renum.start_drivers(**QUICK)
    took = {name: heal_one(bench, team, name, lasts_s=lasts_s) for name in names}
    assert all(cluster.popen.poll() is None for cluster in renum.clusters)
    check_started_once(renum)
    check_history(renum)
    assert AgentRun.objects.filter(status="completed").count() == len(took) * (IN_FLIGHT + 1) * 2
    assert max(took.values()) < HEALED_WITHIN_S, took
    return took


def test_everything_moves_again_after_each_fault_without_a_hand(own_renum, figure):
    took = heal_all(own_renum, QUICK_FAULTS, lasts_s=1.5)

    for share, name in ((0.5, "p50"), (0.95, "p95"), (1.0, "max")):
        figure(f"p13_recovery_{name}_s", percentile(list(took.values()), share))


def test_a_driver_waits_out_a_postgres_that_takes_no_writes_and_blames_no_execution(own_renum, figure):
    renum = own_renum.renum
    team = renum.make_team(TWO_STEPS)
    executions = [renum.start(team, f"Number {number}.") for number in range(IN_FLIGHT)]
    cluster = renum.start_drivers(RENUM_LEASE_TTL_S="8")
    wait_until(lambda: running_in_suna(renum) >= IN_FLIGHT)
    [driver_id] = Driver.objects.values_list("id", flat=True)

    with postgres_read_only(own_renum):
        # Each first step ends meanwhile, and its result cannot be written.
        wait_until(lambda: running_in_suna(renum) == 0)
        wait_until(lambda: "PostgreSQL is away" in cluster.log.read_text())
    healed = time.monotonic()
    connection.close()

    for execution in executions:
        assert renum.wait_for(execution).status == "completed"
    figure("p13_read_only_recovery_s", time.monotonic() - healed)
    assert list(Driver.objects.values_list("id", flat=True)) == [driver_id]
    assert {execution.epoch for execution in executions} <= {1, 2}
    assert "Failed 'executions.tasks.drive'" not in cluster.log.read_text()
    check_started_once(renum)
    check_history(renum)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_everything_moves_again_after_each_of_all_faults_has_lasted_for_ten_seconds(own_renum, figure):
    took = heal_all(own_renum, FAULTS, lasts_s=10)

    for name, seconds in took.items():
        figure(f"p13_recovery_after_10_s_{name}", seconds)
    for share, name in ((0.5, "p50"), (0.95, "p95"), (1.0, "max")):
        figure(f"p13_recovery_after_10_s_{name}", percentile(list(took.values()), share))
