"""Addresses of services become Django's settings."""

import pytest

from renum_site.addresses import CacheTimeouts, build_cache, build_database
from renum_site.env import Env, EnvError
from renum_site.orchestrator_settings import read_orchestrator_settings


def database(url: str, *, long_lived: bool = False) -> dict[str, object]:
    return build_database(url, statement_timeout_s=30, long_lived=long_lived, test_name=None)


def test_a_lost_network_is_noticed_in_seconds_when_the_server_is_reached_over_tcp() -> None:
    made = database("postgresql://me:p%40ss@db.example.org:6000/renum?sslmode=verify-full")
    assert (made["HOST"], made["PORT"], made["NAME"]) == ("db.example.org", "6000", "renum")
    assert (made["USER"], made["PASSWORD"]) == ("me", "p@ss")
    assert made["OPTIONS"] == {
        "connect_timeout": 3,
        "application_name": "renum",
        "options": "-c statement_timeout=30000 -c lock_timeout=3000"
        " -c idle_in_transaction_session_timeout=10000 -c tcp_keepalives_idle=5"
        " -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3",
        "tcp_user_timeout": 5000,
        "sslmode": "verify-full",
    }


def test_no_tcp_option_is_set_when_the_server_is_reached_by_a_unix_socket() -> None:
    made = database("postgresql:///renum?host=/run/postgresql")
    assert made["HOST"] == "/run/postgresql"
    assert "tcp_" not in str(made["OPTIONS"])
    assert "idle_in_transaction_session_timeout=10000" in str(made["OPTIONS"])


@pytest.mark.parametrize(("long_lived", "expected"), [(True, (600, True)), (False, (0, False))])
def test_only_long_lived_processes_keep_their_connection(
    long_lived: bool, expected: tuple[int, bool]
) -> None:
    made = database("postgresql://me@host/renum", long_lived=long_lived)
    assert (made["CONN_MAX_AGE"], made["CONN_HEALTH_CHECKS"]) == expected


@pytest.mark.parametrize("url", ["postgresql://me@host", "postgresql://me@host/", "postgresql://me@host/a/b"])
def test_an_address_without_one_database_is_refused(url: str) -> None:
    with pytest.raises(EnvError, match="must end with the name of one database"):
        database(url)


def test_a_context_cache_holds_json_and_never_expires() -> None:
    made = build_cache("redis://h", prefix="p", timeouts=CacheTimeouts(), as_json=True, expires_s=None)
    assert made["TIMEOUT"] is None
    assert made["OPTIONS"]["SERIALIZER"] == "django_redis.serializers.json.JSONSerializer"


def test_the_orchestrators_defaults_agree_with_each_other() -> None:
    read = read_orchestrator_settings(Env({}))
    assert (read.lease_ttl_s, read.beat_s, read.claim_chunk, read.capacity) == (15, 5, 25, 1000)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"RENUM_BEAT_S": "10"}, "at most half of RENUM_LEASE_TTL_S"),
        ({"RENUM_POLL_MIN_S": "6"}, "must not be above RENUM_POLL_MAX_S"),
        ({"RENUM_START_GRACE_S": "30"}, "longer than RENUM_CALL_DEADLINE_S"),
        ({"RENUM_LINGER_S": "15"}, "longer than RENUM_LEASE_TTL_S"),
        ({"RENUM_CAPACITY": "x"}, "RENUM_CAPACITY must be a whole number from 1 to 5000, not 'x'"),
    ],
)
def test_the_orchestrators_settings_are_refused_when_they_contradict(
    values: dict[str, str], sentence: str
) -> None:
    with pytest.raises(EnvError, match=sentence):
        read_orchestrator_settings(Env(values))
