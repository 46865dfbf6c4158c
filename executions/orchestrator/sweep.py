"""The repair round: each minute, whatever hints were lost."""

import logging
import time

from billing.actions.mail_budget_alerts import mail_budget_alerts
from executions.orchestrator.claim import count_claimable, delete_dead_drivers
from executions.orchestrator.crashes import charge_crashes
from executions.orchestrator.late_starts import collect_late_starts
from executions.orchestrator.late_usage import collect_late_usage
from executions.orchestrator.lost_reservations import settle_lost_reservations
from executions.orchestrator.repricings import go_on_with_repricings
from executions.orchestrator.wake import wake_drivers

logger = logging.getLogger(__name__)

# For each of the four: together well below django-q2's limit for a task and the minute between two sweeps.
ASKING_S = 12.0


def sweep() -> None:
    """Charge crashes, wake a driver where executions wait, forget dead drivers, read usage that was late.

    Go on with re-pricings. Give back what budgets keep free for nothing, and mail people which of them are
    nearly used up.
    """
    charge_crashes()
    waiting = count_claimable()
    if waiting:
        logger.info("%d executions wait for a driver", waiting)
        wake_drivers()
    dead = delete_dead_drivers()
    if dead:
        logger.info("%d dead drivers forgotten", dead)
    for collect in (collect_late_starts, collect_late_usage, go_on_with_repricings, mail_budget_alerts):
        try:
            collect(until=time.monotonic() + ASKING_S)
        except Exception:
            # One part that fails must not keep the other from its work, this round and every one after.
            logger.exception("the sweep could not %s", collect.__name__)
    lost = settle_lost_reservations()
    if lost:
        logger.info("%d reservations of budgets were given back", lost)
