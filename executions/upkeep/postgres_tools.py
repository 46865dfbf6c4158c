"""PostgreSQL's own client programs, run on this process's database, no secret on a command line."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from psycopg import pq

# The first says for how long a statement may take, which a backup must not obey.
_NOT_FOR_TOOLS = frozenset({"options", "client_encoding", "password", "service", "servicefile"})
_KEPT_FROM_ENVIRONMENT = ("PATH", "HOME", "LD_LIBRARY_PATH", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY")
SAID_CHARS = 500


class ToolFailed(Exception):
    """A program of PostgreSQL ended with an error; the message is the last line that it printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresTools:
    """Where pg_dump and pg_restore lie, both of one major version."""

    folder: Path
    major: int

    def run(self, name: str, *args: str, output: int | None = None, files: Sequence[int] = ()) -> None:
        """Run a program against the database of this process; what it writes goes to the descriptor `output`.

        Raises ToolFailed.
        """
        with _service_file() as service:
            done = subprocess.run(  # noqa: S603  PostgreSQL's own program, our own arguments
                [str(self.folder / name), "--no-password", "--dbname=service=renum", *args],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if output is None else output,
                stderr=subprocess.PIPE,
                env=_environment(service),
                pass_fds=files,
                check=False,
            )
        if done.returncode:
            lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
            raise ToolFailed(f"{name}: {(lines or ['it said nothing'])[-1][:SAID_CHARS]}")


def _environment(service: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_FROM_ENVIRONMENT if name in os.environ}
    # The environment of a process is read by its own account alone; a command line by everybody.
    password = connection.get_connection_params().get("password")
    secret = {"PGPASSWORD": str(password)} if password else {}
    return {**kept, **secret, "LC_ALL": "C", "PGSERVICEFILE": str(service)}


@contextmanager
def _service_file() -> Iterator[Path]:
    """Give a file that only this account reads with how Django reaches its database, all but the password."""
    known = {item.keyword.decode() for item in pq.Conninfo.get_defaults()} - _NOT_FOR_TOOLS
    params = {name: value for name, value in connection.get_connection_params().items() if name in known}
    lines = [f"{name}={value}" for name, value in params.items() if value not in (None, "")]
    descriptor, name = tempfile.mkstemp(prefix="renum-", suffix=".service")
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(["[renum]", *lines, ""]))
        yield path
    finally:
        path.unlink()
