"""What the doctor says of rows that want a person, of servers that are set up wrongly, and of mail."""

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django_q.models import Schedule, Task

from billing.models import ModelPrice
from executions.models import Driver, Execution
from executions.orchestrator.queue import SWEEP_TASK, schedule_prune, schedule_sweep
from executions.upkeep.drain import begin_drain
from renum_site.doctor import redis_server
from renum_site.doctor.clocks import ClockReadings, compare_clocks
from renum_site.doctor.database import look_at_database
from renum_site.doctor.deployment import look_at_deployment
from renum_site.doctor.drivers import look_at_drivers
from renum_site.doctor.executions import look_at_executions, look_at_prices
from renum_site.doctor.finding import Finding, State
from renum_site.doctor.hiding import hide_in
from renum_site.doctor.redis_server import look_at_redis
from renum_site.doctor.schedules import look_at_schedules
from renum_site.doctor.stored_keys import look_at_keys
from renum_site.doctor.team_width import look_at_teams
from renum_site.embedded import postgres
from renum_site.embedded.lifecycle import start_services
from teams.models import SunaConnection
from tests.fixtures.people import make_person
from tests.fixtures.site_rows import bill, make_connection, make_team, set_execution, set_step, start
from tests.integration.doctor.states import states
from tests.integration.embedded.conftest import Box, opened_box

WELL = State.OK


@pytest.mark.django_db
class TestRows:
    """Each on rows as they would be."""

    def test_what_waits_for_a_person_is_counted_and_named(self) -> None:
        team = make_team(make_person("olga"), connection=make_connection())
        assert states(look_at_executions()) == {"for_a_person": WELL}

        crashed, restored, doubtful, asking = (start(team) for _ in range(4))
        set_execution(crashed, status="quarantined")
        set_execution(restored, status="paused", code="needs_review")
        for execution, status in ((doubtful, "start_uncertain"), (asking, "waiting_input")):
            set_execution(execution, status="running")
            step = execution.steps.order_by("position").first()
            assert step is not None
            set_step(execution, step.step_id, status=status)

        found = list(look_at_executions())
        assert states(found) == dict.fromkeys(
            ("quarantined", "paused", "start_uncertain", "waiting_input"), State.WARNING
        )
        assert any(str(crashed.pk) in one.seen for one in found)

    def test_a_model_without_a_price_is_told_until_it_has_one(self) -> None:
        team = make_team(make_person("olga"), connection=make_connection())
        execution = start(team)
        step = execution.steps.first()
        assert step is not None
        bill(execution, step)
        assert states(look_at_prices()) == {"unpriced": WELL}

        bill(execution, step, provider="acme", model="acme-9000")
        found = list(look_at_prices())
        assert states(found) == {"unpriced": State.WARNING}
        assert "acme/acme-9000" in found[0].seen

        ModelPrice.objects.create(
            model_name="acme-9000",
            input_usd_per_mtok=1,
            output_usd_per_mtok=2,
            valid_from=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            source="the vendor",
            created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        )
        assert states(look_at_prices()) == {"unpriced": WELL}

    def test_drivers_that_died_are_full_or_late_and_a_drain_are_told(self, clean_redis: Any) -> None:
        def driver(**columns: Any) -> None:
            usual = {"host": "h", "pid": 1, "capacity": 10, "lease_until": Now() + dt.timedelta(seconds=15)}
            beat = {"started_at": Now(), "beat_at": Now()}
            Driver.objects.create(**{**usual, **beat, **columns})

        driver(in_flight=3)
        found = states(look_at_drivers(redis_answers=True))
        assert found["capacity"] is WELL
        assert {"beat", "expired", "drain"} & set(found) == set()

        Driver.objects.update(in_flight=10)
        driver(in_flight=10, beat_at=Now() - dt.timedelta(seconds=12))
        driver(in_flight=10)
        driver(lease_until=Now() - dt.timedelta(minutes=5), beat_at=Now() - dt.timedelta(minutes=6))
        begin_drain(by="olga", reason="new version")
        found = states(look_at_drivers(redis_answers=True))
        names = ("capacity", "beat", "expired", "drain")
        assert {name: found[name] for name in names} == dict.fromkeys(names, State.WARNING)

    def test_work_that_nobody_carries_is_broken_and_messages_that_lie_are_told(
        self, clean_redis: Any
    ) -> None:
        execution = start(make_team(make_person("olga"), connection=make_connection()))
        assert states(look_at_drivers(redis_answers=False))["waiting"] is WELL

        Execution.objects.filter(pk=execution.pk).update(created_at=F("created_at") - dt.timedelta(minutes=5))
        clean_redis.rpush("django_q:drivers:q", *["x"] * 101)
        found = states(look_at_drivers(redis_answers=True))
        assert found["waiting"] is State.ERROR
        assert found["queue"] is State.WARNING
        assert found["sweep"] is State.WARNING

    def test_schedules_that_are_missing_late_or_fail_are_told(self) -> None:
        assert states(look_at_schedules()) == {"missing": State.WARNING}
        schedule_sweep()
        schedule_prune()
        assert states(look_at_schedules()) == {"on_time": WELL}

        Schedule.objects.filter(name="renum prune").update(next_run=Now() - dt.timedelta(hours=1))
        times = {"started": dt.datetime.now(dt.UTC), "stopped": dt.datetime.now(dt.UTC)}
        Task.objects.create(id=uuid.uuid4().hex, name="x", func=SWEEP_TASK, success=False, **times)
        assert states(look_at_schedules()) == {"late": State.WARNING, "failing": State.ERROR}

    def test_secrets_that_do_not_open_are_counted(self, settings: Any) -> None:
        make_connection()
        assert states(look_at_keys()) == {"order": WELL, "readable": WELL}

        settings.RENUM_ENCRYPTION_KEYS = ["another key of thirty-two characters"]
        assert states(look_at_keys()) == {"order": WELL, "readable": State.ERROR}

    def test_a_team_wider_than_its_connection_is_told(self) -> None:
        connection_row = make_connection()
        team = make_team(make_person("olga"), example="conditional", connection=connection_row)
        assert states(look_at_teams()) == {"wider_than_connection": WELL}

        SunaConnection.objects.update(limits={"parallel_runs": 1})
        [found] = look_at_teams()
        assert found.state is State.WARNING
        assert team.name in found.seen

        # Staff may type in what they like.
        for nonsense in ({"parallel_runs": "3"}, {"parallel_runs": True}, {"parallel_runs": None}, [], "x"):
            SunaConnection.objects.update(limits=nonsense)
            assert states(look_at_teams()) == {"wider_than_connection": WELL}

    def test_missing_and_unknown_migrations_and_endless_statements_are_told(self) -> None:
        assert set(states(look_at_database(ClockReadings())).values()) == {WELL}
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("DELETE FROM django_migrations WHERE app = 'billing'")
        found = states(look_at_database(ClockReadings()))
        assert found["migrations"] is State.ERROR
        assert found["time_limits"] is State.WARNING

        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('teams', '9999', now())"
            )
        [unknown] = [one for one in look_at_database(ClockReadings()) if one.check == "migrations"]
        assert "teams.9999" in unknown.seen


@pytest.fixture(scope="module")
def redis_box() -> Iterator[Box]:
    """Give a box with a Redis of this module's own: the run's is also that of other processes of the run."""
    with opened_box() as box:
        start_services(var=box.var, external=frozenset({postgres.SERVICE}))
        yield box


@pytest.fixture
def own_redis(redis_box: Box, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator["redis.Redis"]:
    """Give a client of that Redis, which the settings lead to. That it is slow is no finding here."""
    settings.REDIS_URL = redis_box.address("redis").redis_url()
    monkeypatch.setattr(redis_server, "SLOW_MS", 10_000.0)
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as client:
        yield client


class TestRedis:
    """Against a Redis that is set up wrongly for a moment."""

    @pytest.mark.parametrize(
        ("name", "value", "check", "state"),
        [
            ("maxmemory-policy", "allkeys-lru", "memory_policy", State.WARNING),
            ("maxmemory", "a little more than it uses", "memory", State.WARNING),
            ("maxmemory", "1", "writing", State.ERROR),
            ("min-replicas-to-write", "1", "writing", State.ERROR),
        ],
    )
    def test_what_would_lose_or_refuse_messages_is_told(
        self, own_redis: "redis.Redis", name: str, value: str, check: str, state: State
    ) -> None:
        before = own_redis.config_get(name)[name]
        if name == "maxmemory" and not value.isdigit():
            value = str(int(own_redis.info("memory")["used_memory"] * 1.06))
        own_redis.config_set(name, value)
        try:
            found = states(look_at_redis(ClockReadings()))
        finally:
            own_redis.config_set(name, before)
        assert found[check] is state
        assert set(states(look_at_redis(ClockReadings())).values()) == {WELL}


def test_a_clock_that_is_surely_off_is_told_and_one_that_only_may_be_is_not() -> None:
    clocks = ClockReadings()
    clocks.note("PostgreSQL", said=1000.0, asked_at=1000.0, took_s=0.01)
    clocks.note("Redis", said=1005.0, asked_at=1000.0, took_s=8.0)
    clocks.note("Suna A", said=1020.0, asked_at=1000.0, took_s=0.1, is_suna=True)
    [agrees] = compare_clocks(clocks.take())
    assert agrees.state is State.OK

    clocks.note("Suna B", said=900.0, asked_at=1000.0, took_s=0.1, is_suna=True)
    clocks.note("Postgres C", said=1003.0, asked_at=1000.0, took_s=0.1)
    found = list(compare_clocks(clocks.take()))
    assert [one.state for one in found] == [State.WARNING, State.WARNING, State.OK]
    assert "behind" in found[0].seen
    assert "ahead of" in found[1].seen


def test_the_last_sieve_hides_secrets_and_what_would_steer_a_terminal(settings: Any) -> None:
    settings.EMAIL_HOST_PASSWORD = "mail-password"
    told = Finding(
        area="mail", check="x", state=State.OK, seen="a\x1b[31m\u202e mail-password\x00", fix="\ud800"
    )

    [hidden] = hide_in([told])

    assert hidden.seen == "a\ufffd[31m\ufffd ***\ufffd"
    assert hidden.fix == "\ufffd"


def test_a_deployments_settings_are_checked_outside_of_development(settings: Any) -> None:
    assert states(look_at_deployment()) == {"development": State.WARNING}

    settings.DEVELOPMENT = False
    settings.ALLOWED_HOSTS = ["*"]
    found = list(look_at_deployment())
    assert states(found)["settings"] is State.ERROR
    assert any("renum.E008" in one.seen and one.fix for one in found)
