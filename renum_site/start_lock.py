"""One start at a time: a locked file says that somebody holds a place, and what they said about it.

The kernel drops the lock with the process that holds it, however that ends, so nothing stale is left behind.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO


class HeldError(Exception):
    """Another process holds the place; `said` is what it told last, empty until it has told anything."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class StartLock:
    """A place that this process holds."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def tell(self, text: str) -> None:
        """Leave a word for whoever comes next; it replaces the last one."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(text)
        self._file.flush()


@contextlib.contextmanager
def hold_start_lock(path: Path) -> Iterator[StartLock]:
    """Hold the place that `path` stands for. Raises HeldError at once where somebody else does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise HeldError(file.read().strip()) from None
        lock = StartLock(file)
        lock.tell("")
        yield lock
