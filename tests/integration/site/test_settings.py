"""Wrong settings stop every command with one sentence; a deployment's settings pass `check --deploy`."""

import re
from pathlib import Path

import pytest

from executions.suna.wire import PROFILES
from tests.integration.site.managing import PRODUCTION, manage

SUNA_PROFILE_REFUSED = (
    "SUNA_PROFILE must be one of seed, 2025-07, 2025-08, 2025-10, 2025-12, 2026-01, not '{}'."
)


def test_check_deploy_is_clean_when_everything_is_configured() -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"DEBUG": "1", "RENUM_HTTPS": "1"}, ["E001", "E007"]),
        (
            {"SECRET_KEY": "", "DATABASE_URL": "", "REDIS_URL": "", "RENUM_ALLOW_LOCAL_SECRETS": "1"}
            | {"RENUM_ALLOW_EMBEDDED": "1", "RENUM_ALLOW_SIMULATOR": "1", "RENUM_CAPACITTY": "5"},
            ["E002", "E005", "E006", "E007", "W030"],
        ),
        (
            {"RENUM_ENCRYPTION_KEYS": PRODUCTION["SECRET_KEY"], "ALLOWED_HOSTS": "*"}
            | {"SUNA_BASE_URL": "http://suna.example.org/api", "REDIS_URL": "redis://redis.example.org"}
            | {"DATABASE_URL": "postgresql://renum@db.example.org/renum"},
            ["E003", "E008", "E009", "E010", "W011", "W012"],
        ),
        ({"RENUM_ENCRYPTION_KEYS": ",".join(["k" * 40] * 2)}, ["E004"]),
    ],
)
def test_check_deploy_names_every_fault_with_a_hint(
    tmp_path: Path, changed: dict[str, str], codes: list[str]
) -> None:
    env = {**PRODUCTION, "RENUM_VAR_DIR": str(tmp_path), **changed}
    done = manage("check", "--deploy", "--fail-level", "WARNING", **env)
    assert done.returncode == 1
    assert sorted(re.findall(r"\(renum\.([EW]\d+)\)", done.stderr)) == codes
    assert done.stderr.count("HINT:") >= len(codes)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"SECRET_KEY": ""}, "With DEBUG off, set SECRET_KEY and RENUM_ENCRYPTION_KEYS"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must have at least 32 characters; it has 5."),
        ({"RENUM_ENCRYPTION_KEYS": ""}, "With DEBUG off, set SECRET_KEY and RENUM_ENCRYPTION_KEYS"),
        (
            {"RENUM_ENCRYPTION_KEYS": "short"},
            "Each key in RENUM_ENCRYPTION_KEYS must have at least 32 characters.",
        ),
        ({"DATABASE_URL": ""}, "With DEBUG off, set DATABASE_URL and REDIS_URL"),
        ({"DATABASE_URL": "mysql://h/d"}, "DATABASE_URL must be an address that starts with postgresql://"),
        ({"REDIS_URL": "h:6379"}, "REDIS_URL must be an address that starts with redis://"),
        ({"ALLOWED_HOSTS": ""}, "With DEBUG off, ALLOWED_HOSTS must name the hosts"),
        ({"DEBUG": "perhaps"}, "DEBUG must be one of"),
        ({"SUNA_API_KEY": "pk_only"}, "SUNA_API_KEY must be the public and the secret key"),
        (
            {"SUNA_API_KEY": "pk:sk", "SUNA_BEARER_TOKEN": "t"},
            "Set SUNA_API_KEY or SUNA_BEARER_TOKEN, not both.",
        ),
        ({"SUNA_PROFILE": "2024-01"}, SUNA_PROFILE_REFUSED.format("2024-01")),
        ({"RENUM_LEASE_TTL_S": "8"}, "RENUM_BEAT_S must be at most half of RENUM_LEASE_TTL_S"),
    ],
)
def test_a_wrong_setting_stops_a_command_with_one_sentence(changed: dict[str, str], sentence: str) -> None:
    done = manage("check", **{**PRODUCTION, **changed})
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_settings_take_exactly_the_profiles_that_are_spoken() -> None:
    refused = SUNA_PROFILE_REFUSED.removesuffix(", not '{}'.")

    assert {*re.findall(r"seed|20\d\d-\d\d", refused)} == {*PROFILES}
    for profile in PROFILES:
        assert manage("check", **{**PRODUCTION, "SUNA_PROFILE": profile}).returncode == 0


def test_a_warning_of_django_is_written_once_in_development(tmp_path: Path) -> None:
    code = "import logging; logging.getLogger('django.request').warning('Not Found: %s', '/x')"
    done = manage("shell", "-v", "0", "-c", code, RENUM_VAR_DIR=str(tmp_path), DEBUG="1")

    assert done.returncode == 0
    assert done.stderr.count("Not Found: /x") == 1, done.stderr
    assert done.stderr.count("\n") == 1


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    show = ("shell", "-v", "0", "-c", "from django.conf import settings; print(settings.SECRET_KEY)")
    first, second = (manage(*show, RENUM_VAR_DIR=str(tmp_path)) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_damaged_secrets_are_refused_rather_than_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    done = manage("check", RENUM_VAR_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "secrets.json is damaged" in done.stderr
    assert (tmp_path / "secrets.json").read_text() == "{"


@pytest.mark.parametrize(("name", "workers", "prefetch"), [("renum", 2, 4), ("drivers", 2, 1)])
def test_each_cluster_gets_its_own_limits_and_keeps_its_connections(
    tmp_path: Path, name: str, workers: int, prefetch: int
) -> None:
    code = (
        "from django.conf import settings; from django_q.conf import Conf; "
        "age = settings.DATABASES['default']['CONN_MAX_AGE']; "
        "print(Conf.CLUSTER_NAME, Conf.WORKERS, Conf.QUEUE_LIMIT, age, settings.DEBUG)"
    )
    done = manage("shell", "-v", "0", "-c", code, RENUM_VAR_DIR=str(tmp_path), Q_CLUSTER_NAME=name)
    assert done.stdout.split() == [name, str(workers), str(prefetch), "600", "False"], done.stderr
