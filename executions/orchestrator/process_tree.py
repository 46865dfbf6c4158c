"""The processes below this one: found through /proc, and ended when nothing else ends them.

Only the first process of a cluster calls this. Orphans of its children become its own, so that none of
them escapes; on a system without that or without /proc nothing is found, and nothing is ended.
"""

import contextlib
import ctypes
import functools
import os
import signal
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
KILL_PATIENCE_S = 5.0
LOOK_AGAIN_S = 0.05


def adopt_orphans() -> None:
    """Have the kernel give us the children of those below us that die; it stays so across an exec."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@functools.cache
def sees_processes() -> bool:
    """Whether /proc is there and counts processes as this one does: a container may have another one's."""
    try:
        return Path("/proc/self").readlink().name == str(os.getpid())
    except OSError:
        return False


def find_all_below() -> set[int]:
    """Return the ids of all descendants of this process, dead ones that nobody waited for included."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name in brackets may hold anything, a bracket too: what counts stands behind the last one.
            parent = int(entry.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    below: set[int] = set()
    above = [os.getpid()]
    while above:
        for pid in children.get(above.pop(), []):
            below.add(pid)
            above.append(pid)
    return below


def kill_all_below() -> bool:
    """SIGKILL everything below until nothing is left; False where something would not go in time."""
    give_up_at = time.monotonic() + KILL_PATIENCE_S
    while below := find_all_below():
        if time.monotonic() > give_up_at:
            return False
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(LOOK_AGAIN_S)
        _bury_the_dead()
    return True


def bury_orphans(*, but: int) -> None:
    """Wait for every dead child except one, whose end is somebody else's to see: orphans became ours."""
    with contextlib.suppress(ChildProcessError):
        while (dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if dead.si_pid == but:
                return
            os.waitpid(dead.si_pid, os.WNOHANG)


def is_dead(pid: int) -> bool:
    """Whether a child of this process is over, without burying it."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _bury_the_dead() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
