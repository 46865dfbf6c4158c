"""The slot in which a driver writes on what it works, so that whoever finds it dead knows what killed it.

A file per driver, mapped into memory: what was written last outlives a kill -9. The driver holds the file's
lock for its life, so that the lock can be had by others only once it is dead. The folder belongs to one host.
"""

import contextlib
import fcntl
import logging
import mmap
import os
import uuid
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

ID_BYTES = 16
# The event loop and the thread that loads work at the same time: each has its half.
_LOOP, _THREAD = slice(0, ID_BYTES), slice(ID_BYTES, 2 * ID_BYTES)
SLOT_BYTES = 2 * ID_BYTES
_NOTHING = bytes(ID_BYTES)
SUFFIX = ".slot"


def slot_folder() -> Path:
    """Return the folder of the slots of this host's drivers."""
    return Path(settings.RENUM_VAR_DIR) / "drivers"


class CrashSlot:
    """The slot of one driver. It writes to memory of its own, without effect, until `open`."""

    def __init__(self, driver_id: uuid.UUID) -> None:
        self._path = slot_folder() / f"{driver_id}{SUFFIX}"
        self._memory = mmap.mmap(-1, SLOT_BYTES)
        self._file: int | None = None

    def open(self) -> None:
        """Make the file and lock it. Where it cannot be made, a warning says so and nothing is charged."""
        unlocked = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(unlocked, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            # Written, not only made long: on a full disk the first word into a hole would kill the driver.
            os.write(self._file, bytes(SLOT_BYTES))
            self._memory = mmap.mmap(self._file, SLOT_BYTES)
            # Under its name only once it is locked: without a lock it would look like a dead driver's.
            unlocked.rename(self._path)
        except (OSError, ValueError) as error:
            logger.warning("crashes of this driver are charged to nobody: %s", error)

    def close(self) -> None:
        """Delete the file and let go of its lock."""
        if self._file is None:
            return
        for path in (self._path, self._path.with_suffix(".new")):
            path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = None

    def charge(self, execution_id: uuid.UUID, work: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        """Return the coroutine with each of its stretches between two waits charged to the execution."""
        return _Charged(self._memory, execution_id.bytes, work)

    @contextlib.contextmanager
    def charge_thread(self, execution_id: uuid.UUID) -> Iterator[None]:
        """Charge to the execution what the thread that loads does meanwhile."""
        self._memory[_THREAD] = execution_id.bytes
        try:
            yield
        finally:
            self._memory[_THREAD] = _NOTHING


class _Charged(Coroutine[Any, Any, T]):
    def __init__(self, memory: mmap.mmap, charged: bytes, work: Coroutine[Any, Any, T]) -> None:
        self._memory, self._charged, self._work = memory, charged, work

    def send(self, value: Any) -> Any:
        self._memory[_LOOP] = self._charged
        try:
            return self._work.send(value)
        finally:
            self._memory[_LOOP] = _NOTHING

    def throw(self, *given: Any) -> Any:
        self._memory[_LOOP] = self._charged
        try:
            return self._work.throw(*given)
        finally:
            self._memory[_LOOP] = _NOTHING

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Any:
        # A task drives it by `send` and `throw`; awaited, it would go on without being charged.
        raise TypeError("charged work is for a task, not to be awaited")


def take_slot(path: Path) -> int | None:
    """Lock a dead driver's slot; return its open file, to be closed by the caller, None where it lives."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file


def read_slot(file: int) -> set[uuid.UUID]:
    """Return the executions on which the driver of a taken slot worked when it died: none, one or two."""
    written = os.pread(file, SLOT_BYTES, 0)
    halves = (written[_LOOP], written[_THREAD])
    return {uuid.UUID(bytes=half) for half in halves if len(half) == ID_BYTES and half != _NOTHING}
