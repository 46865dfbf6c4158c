"""A command that finds no service where the settings say stops with one sentence, before anything starts."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.fixtures.deaf_port import deaf_port
from tests.integration.site.managing import PRODUCTION, manage


def test_a_command_that_needs_the_database_says_how_to_start_it(tmp_path: Path) -> None:
    done = manage("migrate", RENUM_VAR_DIR=str(tmp_path))
    assert done.returncode == 1
    assert (
        done.stderr.strip() == "PostgreSQL is not running: start it with `python manage.py services start`."
    )


def test_a_database_that_is_not_there_is_told_in_one_line_with_its_place_and_without_its_password() -> None:
    with deaf_port() as port:
        url = f"postgresql://renum:p%40ss%23word@127.0.0.1:{port}/renum"
        done = manage("migrate", **PRODUCTION | {"DATABASE_URL": url})

    assert done.returncode == 1
    assert done.stderr == (
        f"PostgreSQL at 127.0.0.1:{port} (DATABASE_URL) cannot be used: "
        f'connection to server at "127.0.0.1", port {port} failed: Connection refused\n'
    )


def test_a_database_that_the_server_does_not_have_is_told_by_its_name() -> None:
    parts = urlsplit(os.environ["DATABASE_URL"])
    done = manage("migrate", **PRODUCTION | {"DATABASE_URL": parts._replace(path="/nowhere").geturl()})

    assert done.returncode == 1
    place = f"{parts.hostname}:{parts.port or 5432}"
    assert done.stderr.startswith(f"PostgreSQL at {place} (DATABASE_URL) cannot be used: ")
    assert 'database "nowhere" does not exist' in done.stderr
    assert done.stderr.count("\n") == 1
    assert str(parts.password) not in done.stderr


@pytest.mark.parametrize("command", ["renum_run", "renum_demo"])
@pytest.mark.parametrize(
    ("name", "wrong", "sentence"),
    [
        ("DATABASE_URL", "postgresql://renum:hunter2@127.0.0.1:{}/renum", "PostgreSQL at 127.0.0.1:{} "),
        ("REDIS_URL", "redis://:hunter2@127.0.0.1:{}/0", "Redis as REDIS_URL says cannot be used: "),
    ],
)
def test_a_wrong_service_stops_run_and_demo_before_anything_is_started(
    tmp_path: Path, command: str, name: str, wrong: str, sentence: str
) -> None:
    right = {"DATABASE_URL": os.environ["DATABASE_URL"], "REDIS_URL": os.environ["REDIS_URL"]}
    with deaf_port() as port:
        done = manage(command, **right | {name: wrong.format(port), "RENUM_VAR_DIR": str(tmp_path)})

    assert done.returncode == 1
    assert sentence.format(port) in done.stderr
    assert "refused" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr
    # Neither a service nor the log of a process.
    assert [entry.name for entry in tmp_path.iterdir()] == ["secrets.json"]
