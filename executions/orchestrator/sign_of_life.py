"""A cluster's sign of life on its own host: a small file, and systemd's watchdog where systemd started us.

The file says when it was last proven that the cluster's workers take tasks, as monotonic time, which is one
for all processes of a machine and which no change of the clock touches. It needs neither PostgreSQL nor
Redis, so that a health check does not end a cluster because something else is away.
"""

import contextlib
import logging
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)

WRITE_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One cluster of this host whose first process lives; `age_s` is None where the file tells nothing."""

    pid: int
    age_s: float | None


class SignOfLife:
    """The sign of the cluster whose first process this is."""

    def __init__(self, cluster: str) -> None:
        self._file = _folder() / f"{_prefix(cluster)}{os.getpid()}"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._written_at = 0.0
        self._fault = ""
        _forget_the_dead(cluster)

    def show(self, proven_at: float, *, within_s: float) -> None:
        """Write down when it was last proven, at most once a second; tell systemd while that is recent."""
        now = time.monotonic()
        if now - self._written_at < WRITE_EVERY_S:
            return
        first = self._written_at == 0.0
        self._written_at = now
        # A reader must never see half a file.
        half = self._file.with_name(self._file.name + ".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            half.write_text(f"{proven_at:.3f}")
            half.replace(self._file)
        except OSError as error:
            # A full disk, say: the cluster works on, and health checks see a file that grows old.
            self._log_once(f"no sign of life can be written: {error}")
        else:
            self._log_once("")
        if now - proven_at < within_s:
            _tell_systemd("READY=1\nWATCHDOG=1" if first else "WATCHDOG=1")

    def _log_once(self, fault: str) -> None:
        if fault and fault != self._fault:
            logger.error(fault)
        self._fault = fault

    def take_back(self) -> None:
        """Remove the file: the cluster is over."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
        _tell_systemd("STOPPING=1")


def find_signs(cluster: str) -> list[Seen]:
    """Return the clusters of that name that live on this host."""
    found = []
    for file in _folder().glob(f"{_prefix(cluster)}*"):
        pid = file.name.removeprefix(_prefix(cluster))
        if pid.isdigit() and _lives(int(pid)):
            found.append(Seen(pid=int(pid), age_s=_age_of(file)))
    return found


def _age_of(file: Path) -> float | None:
    try:
        age_s = time.monotonic() - float(file.read_text())
    except (OSError, ValueError):
        return None
    # A time that lies ahead was written before the machine started anew.
    return age_s if age_s >= 0 else None


def _forget_the_dead(cluster: str) -> None:
    for file in _folder().glob(f"{_prefix(cluster)}*"):
        pid = file.name.removeprefix(_prefix(cluster)).removesuffix(".new")
        if pid.isdigit() and not _lives(int(pid)):
            file.unlink(missing_ok=True)


def _folder() -> Path:
    return Path(settings.RENUM_VAR_DIR) / "alive"


def _prefix(cluster: str) -> str:
    # Containers may share the folder and count their processes from 1 each.
    return f"{cluster}@{socket.gethostname()}-"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _tell_systemd(message: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    # An @ stands for the zero byte of an abstract address.
    place = f"\0{address[1:]}" if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(message.encode(), place)
