"""The pruning that the queue runs each day: as long as a task may take, and the rest another day."""

import logging
import time

from executions.upkeep.prune import prune

logger = logging.getLogger(__name__)

# Well below django-q2's limit for a task, which kills its worker.
AT_MOST_S = 200.0


def prune_daily() -> None:
    """Prune for some minutes at most; a backlog that is larger is told, for it needs the command once."""
    pruned = prune(until=time.monotonic() + AT_MOST_S)
    gone = ", ".join(f"{count} {kind}" for kind, count in pruned.rows.items() if count)
    logger.info("pruned: %s", gone or "nothing")
    if not pruned.finished:
        logger.warning("more is old than a day's pruning takes: run renum_prune once")
