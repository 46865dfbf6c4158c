"""One client's side of a hub: it is told that there is news, takes what there is, and is ended."""

import asyncio
from abc import ABC, abstractmethod


class Listener(ABC):
    """Somebody who is sent something, made in the task that writes to the client."""

    def __init__(self) -> None:
        self.is_over = False
        self.news = asyncio.Event()
        self._task = asyncio.current_task()

    @abstractmethod
    def take(self) -> bytes:
        """Return what there is to send now, and clear `news` unless there is more at once."""

    @abstractmethod
    def leave(self) -> None:
        """Take in that nothing can be sent any more."""

    def end(self) -> None:
        """Have the stream end after what `take` still returns."""
        self.is_over = True
        self.news.set()

    def drop(self) -> None:
        """Have the stream end at once: nothing more is for its client."""
        self.end()

    def cut_off(self) -> None:
        """End the stream at once: whoever writes may stand in a write that does not end."""
        self.end()
        if self._task is not None:
            self._task.cancel()
