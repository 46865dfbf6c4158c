"""CPU time of other processes on this machine, as the kernel counts it. Linux only."""

import os
from collections.abc import Callable, Collection
from pathlib import Path

from django.conf import settings
from django.db import connection

from executions.models import Driver

_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def watch_product() -> Callable[[], float | None]:
    """Begin to count; the function returned gives the CPU seconds of the driver and its PostgreSQL sessions.

    It gives None where they are not processes of this machine. PostgreSQL's own background work (WAL writer,
    checkpoints) is not in it: other databases cause it too.
    """
    before = _read(_processes())

    def count() -> float | None:
        processes = _processes()
        now = _read(processes)
        if processes is None or before is None or now is None:
            return None
        return sum(seconds - before.get(pid, 0.0) for pid, seconds in now.items())

    return count


def _processes() -> Collection[int] | None:
    with connection.cursor() as cursor:
        cursor.execute(_BACKENDS)
        sessions = [int(row[0]) for row in cursor.fetchall()]
    name = str(settings.DATABASES["default"]["NAME"]).encode()
    # PostgreSQL elsewhere, or behind a container, has process ids that mean others here.
    if any(name not in _command_line(pid) for pid in sessions):
        return None
    return [*sessions, *Driver.objects.alive().values_list("pid", flat=True)]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _read(processes: Collection[int] | None) -> dict[int, float] | None:
    if processes is None:
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    found = {}
    for pid in processes:
        try:
            # The name, in brackets, may hold spaces: what follows it is counted from its end.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        found[pid] = (int(fields[11]) + int(fields[12])) / ticks
    return found
