"""pg_dump and pg_restore: which are taken, and that no secret goes with them where others can read it."""

import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from executions.upkeep.backup import BackupExists, back_up, server_major
from executions.upkeep.manifest import manifest_path
from executions.upkeep.postgres_tools import PostgresTools, ToolFailed
from renum_site.embedded.client_tools import find_client_tools
from renum_site.embedded.errors import ServiceError

SPY = """#!/bin/sh
{
    printf '%s\\n' "$@"; echo "---"; cat "$PGSERVICEFILE"; stat -c %a "$PGSERVICEFILE"; env | sort
} > "$HOME/seen"
echo "first line" >&2
echo "pg_dump: error: it is not to be" >&2
exit 3
"""


def program(folder: Path, name: str, says: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(says)
    path.chmod(0o755)


def test_the_password_is_on_no_command_line_and_in_no_file_and_the_failure_is_told(
    transactional_db, tmp_path, monkeypatch
):
    password = connection.settings_dict["PASSWORD"]
    assert password
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SECRET_KEY", "never-to-be-handed-on")
    program(tmp_path / "bin", "pg_dump", SPY)
    target = tmp_path / "backups"

    with pytest.raises(ToolFailed, match=r"pg_dump: error: it is not to be$"):
        back_up(target, tools=PostgresTools(folder=tmp_path / "bin", major=99))

    arguments, _, rest = (tmp_path / "seen").read_text().partition("---\n")
    service, environment = rest.split("600\n")
    assert password not in arguments + service
    assert f"dbname={connection.settings_dict['NAME']}" in service
    assert f"PGPASSWORD={password}" in environment
    assert "never-to-be-handed-on" not in environment
    assert "statement_timeout" not in service
    assert list(target.iterdir()) == []
    left = [line for line in environment.splitlines() if line.startswith("PGSERVICEFILE=")]
    assert not Path(left[0].partition("=")[2]).exists()


def test_a_file_that_is_there_is_never_written_over(transactional_db, tmp_path, monkeypatch):
    folder, major = find_client_tools(at_least=server_major())
    tools = PostgresTools(folder=folder, major=major)
    backup = back_up(tmp_path, tools=tools)
    before = backup.path.read_bytes()
    monkeypatch.setattr("executions.upkeep.backup._export_snapshot", lambda: (backup.manifest.made_at, "x"))

    with pytest.raises(BackupExists):
        back_up(tmp_path, tools=tools)
    assert backup.path.read_bytes() == before
    assert {oct(path.stat().st_mode & 0o777) for path in (backup.path, manifest_path(backup.path))} == {
        "0o600"
    }


def test_the_first_programs_that_are_new_enough_are_taken(tmp_path, monkeypatch):
    for name in ("pg_dump", "pg_restore"):
        program(tmp_path / "old", name, "#!/bin/sh\necho 'x (PostgreSQL) 9.6.1'")
        program(tmp_path / "new", name, "#!/bin/sh\necho 'x (PostgreSQL) 99.1'")
    program(tmp_path / "half", "pg_dump", "#!/bin/sh\necho 'x (PostgreSQL) 99.1'")
    _, wheel = find_client_tools(at_least=14)
    usual = os.environ["PATH"]

    monkeypatch.setenv("PATH", f"{tmp_path / 'new'}:{usual}")
    assert find_client_tools(at_least=14) == (tmp_path / "new", 99)
    for name in ("old", "half"):
        monkeypatch.setenv("PATH", f"{tmp_path / name}:{usual}")
        folder, major = find_client_tools(at_least=14)
        assert folder != tmp_path / name
        assert major >= 14
    with pytest.raises(ServiceError, match=r"pg_restore 1000 or newer are needed; found: unusable in .*half"):
        find_client_tools(at_least=1000)
    assert wheel >= 14


def test_the_command_says_in_one_sentence_what_is_wrong(transactional_db, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="File exists"):
        call_command("renum_backup", to=tmp_path / "file")
    with pytest.raises(CommandError, match=r"cannot be read: No such file"):
        call_command("renum_restore", source=tmp_path / "none.dump")
