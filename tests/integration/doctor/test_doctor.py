"""The doctor on a site that is well, and with parts of it really taken away."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from teams.models import Agent
from tests.contract.simulated_suna import ROOT
from tests.fixtures.own_services import OwnServices, frozen
from tests.fixtures.running import TOKEN, RunningRenum
from tests.fixtures.site_rows import make_connection

WITHIN_S = 20.0
CANARY = "CANARY-5d1c7e90-secret"


def ask(env: Mapping[str, str], *options: str) -> tuple[int, str, float]:
    """Run the command as a person would; return its exit code, what it said, and how long it took
    as far as it told.

    What it logs is no secret either.
    """
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "manage.py", "renum_doctor", *options],
        cwd=ROOT,
        env=dict(env),
        capture_output=True,
        timeout=60,
        check=False,
    )
    took_s = time.monotonic() - began
    said = done.stdout.decode()
    assert CANARY not in done.stderr.decode(), done.stderr.decode()
    if "--json" in options:
        # The rest is Python's own beginning and end, which a busy machine draws out.
        took_s = json.loads(said)["took_s"]
    return done.returncode, said, took_s


def states(said: str) -> dict[str, str]:
    """Return the worst state of each `area.check` of a JSON report."""
    order = ["ok", "skipped", "warning", "error"]
    found: dict[str, str] = {}
    for one in json.loads(said)["findings"]:
        name = f"{one['area']}.{one['check']}"
        found[name] = max(found.get(name, "ok"), one["state"], key=order.index)
        assert one["seen"], one
        assert one["fix"] or one["state"] in ("ok", "skipped") or name.startswith("teams."), one
    return found


@pytest.fixture
def own_env(own_services: OwnServices, child_env: dict[str, str], tmp_path: Any) -> dict[str, str]:
    """Give the environment of a product on services that the test may take away."""
    return {
        **child_env,
        "DATABASE_URL": own_services.database_url,
        "REDIS_URL": own_services.redis_url,
        "RENUM_VAR_DIR": str(tmp_path),
    }


def test_a_site_that_works_has_nothing_broken(
    renum_on: Callable[..., RunningRenum], figure: Callable[[str, float], None]
) -> None:
    renum = renum_on("2025-08")
    renum.start_drivers()
    renum.start_tasks()
    execution = renum.run({"type": "sequential", "agents": [{"agent_id": "a", "role": "Researcher"}]})
    Agent.objects.create(connection=renum.connection, agent_id="a", name="Ada", synced_at=Now())

    env = {**renum.env, "RENUM_SUNA_ALLOWED_HOSTS": "127.0.0.1"}
    code, said, _ = ask(env, "--json")
    figure("doctor_examination_s", json.loads(said)["took_s"])
    found = states(said)
    assert execution.status == "completed"
    assert (code, json.loads(said)["ok"]) == (0, True), said
    for check in (
        "database.reach", "database.migrations", "database.time_limits", "redis.reach",
        "redis.memory_policy", "drivers.cluster_drivers", "drivers.cluster_renum", "drivers.capacity",
        "schedules.on_time", "keys.readable", "suna.reach", "clock.host_clock", "disk.room",
    ):  # fmt: skip
        assert found[check] == "ok", (check, said)
    # Development mode alone is a warning, and only --strict counts it.
    assert ask(env, "--strict")[0] == 1


def test_each_part_that_is_away_is_told_and_the_rest_all_the_same(
    own_services: OwnServices, own_env: dict[str, str]
) -> None:
    with own_services.admin() as admin, admin.transaction():
        admin.execute("LOCK TABLE executions_driver IN ACCESS EXCLUSIVE MODE")
        locked = ask(own_env, "--json")
    with own_services.redis() as client:
        client.shutdown(nosave=True)
    no_redis = ask(own_env, "--json")
    own_services.stop_postgres_hard()
    connection.close()
    nothing = ask(own_env, "--json")

    assert [code for code, _, _ in (locked, no_redis, nothing)] == [2, 2, 2]
    assert max(took_s for _, _, took_s in (locked, no_redis, nothing)) < WITHIN_S
    found = states(locked[1])
    assert found["drivers.database_error"] == "error"
    assert found["keys.readable"] == found["executions.for_a_person"] == found["redis.reach"] == "ok"
    found = states(no_redis[1])
    assert found["redis.reach"] == "error"
    assert found["database.reach"] == found["drivers.waiting"] == "ok"
    assert "drivers.queue" not in found
    found = states(nothing[1])
    assert found["database.reach"] == found["redis.reach"] == "error"
    assert found["disk.room"] == "ok"
    assert found["drivers.no_database"] == found["suna.no_database"] == "skipped"


def test_what_hangs_costs_its_own_findings_and_twenty_seconds_at_most(
    own_services: OwnServices, own_env: dict[str, str], figure: Callable[[str, float], None]
) -> None:
    with own_services.redis() as client:
        pid = int(client.info("server")["process_id"])
    own_services.network.set("blackhole")
    with frozen(pid):
        code, said, took_s = ask(own_env, "--json")

    figure("doctor_all_hangs_s", took_s)
    found = states(said)
    assert code == 2
    assert took_s < WITHIN_S
    assert "error" in (found.get("database.reach"), found.get("database.hangs"))
    assert found["redis.reach"] == "error"
    assert found["deployment.development"] == "warning"


def test_a_suna_that_hangs_is_told_and_holds_up_nothing(renum_on: Callable[..., RunningRenum]) -> None:
    renum = renum_on("2025-08")
    site = make_connection(name="Second")
    site.base_url = renum.suna.url
    site.set_credential(bearer=TOKEN)
    site.save()
    renum.suna.fail("*", times=1000, kind="hang")

    code, said, took_s = ask({**renum.env, "RENUM_SUNA_ALLOWED_HOSTS": "127.0.0.1"}, "--json")

    mine = [
        one for one in json.loads(said)["findings"] if one["area"] == "suna" and "Simulated" in one["seen"]
    ]
    assert took_s < WITHIN_S
    assert any(one["check"] == "reach" and one["state"] == "warning" for one in mine), said
    # The site's own is broken for everybody; that of a person for that person.
    assert states(said)["suna.reach"] == "error"
    assert code == 2


def test_no_secret_is_ever_told_with_services_or_without(
    own_services: OwnServices, own_env: dict[str, str]
) -> None:
    there = own_services.box.address("postgres")
    secrets = {
        "SECRET_KEY": f"{CANARY}-of-django-0123456789",
        "RENUM_ENCRYPTION_KEYS": f"{CANARY}-of-the-field-0123456789",
        "SUNA_API_KEY": f"pk_{CANARY}:sk_{CANARY}",
        "RENUM_MAIL_URL": f"smtp://somebody:{CANARY}@127.0.0.1:9",
        "RENUM_METRICS_TOKEN": CANARY,
        "DATABASE_URL": f"postgresql://renum:{CANARY}@127.0.0.1:{there.port}/renum",
        "REDIS_URL": f"redis://:{CANARY}@127.0.0.1:9/0",
        "DEBUG": "0",
        "ALLOWED_HOSTS": "renum.example.org",
        "RENUM_LOG_LEVEL": "DEBUG",
    }
    working = {**own_env, **secrets}
    working |= {name: own_env[name] for name in ("DATABASE_URL", "REDIS_URL")}

    for env, options in (({**own_env, **secrets}, ("--json",)), (working, ("--force-color",)), (working, ())):
        code, said, _ = ask(env, *options)
        assert code == 2, said
        assert '"mail"' in said if options == ("--json",) else "Mail" in said
        assert CANARY not in said
        assert there.password not in said
        assert ("\x1b[" in said) == ("--force-color" in options)
