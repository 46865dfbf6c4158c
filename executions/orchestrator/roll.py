"""The roll of a cluster: what each of its processes is at, in memory that all of them share.

A process signs in when it is born and out when it ends in order. Whoever is dead without having signed out
was killed, and one that was killed while it waited may have held the lock of the queue that it waited at.
Made before anything is forked; only the first process reads it.
"""

import contextlib
import mmap
import multiprocessing.util
import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from executions.orchestrator.process_tree import sees_processes

SLOTS = 256
# Process id, what it is at, and when it last took a task: monotonic time, one for all on a machine.
_SLOT = struct.Struct("=iid")


class At(IntEnum):
    """What a process of the cluster is at."""

    NOTHING = 0
    WAITING = 1
    WORKING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One process that has signed in. `took_at` is monotonic, 0.0 where it never took a task."""

    pid: int
    at: At
    took_at: float


class Roll:
    """The table. Each process writes its own slot only, so that nothing needs a lock."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SLOTS * _SLOT.size)
        self._own: int | None = None
        # Called in each child of multiprocessing as soon as it is forked.
        multiprocessing.util.register_after_fork(self, Roll._sign_in)

    def take_task(self) -> None:
        """Say that this process has taken a task."""
        self._write(At.WORKING, time.monotonic())

    def end_task(self) -> None:
        """Say that this process waits for a task again."""
        self._write(At.WAITING, None)

    def working(self) -> list[Member]:
        """Return the processes that live and are at a task."""
        return [member for member in self._members() if member.at is At.WORKING and _lives(member.pid)]

    def killed_while_waiting(self) -> set[int]:
        """Return the processes that were killed while they waited for something."""
        waiting = (member.pid for member in self._members() if member.at is At.WAITING)
        return {pid for pid in waiting if not _lives(pid)}

    def last_taken_at(self) -> float:
        """Return the monotonic time at which any process last took a task; 0.0 where none has."""
        return max((member.took_at for member in self._members()), default=0.0)

    def _sign_in(self) -> None:
        self._own = self._find_free_slot()
        if self._own is not None:
            self._write(At.WAITING, 0.0)
            # Runs at every end but a kill.
            multiprocessing.util.Finalize(None, self._sign_out, exitpriority=100)

    def _sign_out(self) -> None:
        self._write(At.NOTHING, None)

    def _find_free_slot(self) -> int | None:
        # From the place of the own id on: processes born at the same moment look at different places.
        for step in range(SLOTS):
            slot = (os.getpid() + step) % SLOTS
            pid, at, _took_at = self._read(slot)
            # One that was killed at its task is replaced by the cluster; one that waited must still be seen.
            if pid == 0 or at is At.NOTHING or (at is At.WORKING and not _lives(pid)):
                return slot
        return None

    def _members(self) -> Iterator[Member]:
        for slot in range(SLOTS):
            pid, at, took_at = self._read(slot)
            if pid:
                yield Member(pid=pid, at=at, took_at=took_at)

    def _read(self, slot: int) -> tuple[int, At, float]:
        pid, at, took_at = _SLOT.unpack_from(self._memory, slot * _SLOT.size)
        return pid, At(at), took_at

    def _write(self, at: At, took_at: float | None) -> None:
        if self._own is None:
            return
        if took_at is None:
            took_at = self._read(self._own)[2]
        _SLOT.pack_into(self._memory, self._own * _SLOT.size, os.getpid(), at, took_at)


def _lives(pid: int) -> bool:
    """Whether a process is there and not merely unburied; True where that cannot be seen."""
    if not sees_processes():
        return True
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
    return False
