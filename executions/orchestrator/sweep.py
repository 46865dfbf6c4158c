"""The repair round: each minute, whatever hints were lost."""

import logging

from executions.orchestrator.claim import count_claimable, delete_dead_drivers
from executions.orchestrator.late_starts import collect_late_starts
from executions.orchestrator.late_usage import collect_late_usage
from executions.orchestrator.wake import wake_drivers

logger = logging.getLogger(__name__)


def sweep() -> None:
    """Wake a driver where executions wait, delete the rows of dead drivers, read usage that was late."""
    waiting = count_claimable()
    if waiting:
        logger.info("%d executions wait for a driver", waiting)
        wake_drivers()
    dead = delete_dead_drivers()
    if dead:
        logger.info("%d dead drivers forgotten", dead)
    collect_late_starts()
    collect_late_usage()
