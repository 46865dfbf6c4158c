"""Which of the watched runs are read where not all can be: each watched execution in turn. Pure."""

import uuid
from collections.abc import Collection, Mapping


def share_readers(
    watched: Mapping[uuid.UUID, uuid.UUID], *, open_now: Collection[uuid.UUID], most: int
) -> set[uuid.UUID]:
    """Return the runs to read, `most` at most; `watched` tells the execution of each watched run.

    Every execution has a second reader only when each has its first, and so on: whoever watches many runs of
    one leaves places to those who watch others. What is read already goes before what is not, in its turn, so
    that nothing is closed and opened to and fro.
    """
    of_execution: dict[uuid.UUID, list[uuid.UUID]] = {}
    for run_id in sorted(watched, key=lambda run_id: run_id not in open_now):
        of_execution.setdefault(watched[run_id], []).append(run_id)
    turns = [(turn, run_id) for runs in of_execution.values() for turn, run_id in enumerate(runs)]
    turns.sort(key=lambda one: (one[0], one[1] not in open_now))
    return {run_id for _, run_id in turns[:most]}
