"""What the queue runs, by name. Each task makes one call; arguments are ids, and there are none here."""

import time

from executions.actions.sync_due_connections import sync_due_connections
from executions.orchestrator.drive import drive as drive_executions
from executions.orchestrator.repricings import go_on_with_repricings
from executions.orchestrator.sweep import sweep as sweep_executions
from executions.orchestrator.swept import record_sweep
from executions.upkeep.close_statements_due import close_statements_due
from executions.upkeep.daily_prune import prune_daily

REPRICING_S = 30.0
"""What is not carried out by then is the next sweep's."""
# Beside what the sweep itself takes, a round stays well below a minute.
SYNCING_S = 10.0


def drive(**_: object) -> None:
    """Become a driver."""
    drive_executions()


def canary(**_: object) -> None:
    """Do nothing: that it was taken is what counts."""


def sweep(**_: object) -> None:
    """Repair what hints missed: wake a driver, forget dead ones, find late runs, read missing usage.

    Then list the agents of the connections whose turn it is.
    """
    sweep_executions()
    record_sweep()
    sync_due_connections(until=time.monotonic() + SYNCING_S)


def reprice(**_: object) -> None:
    """Carry out re-pricings that staff began."""
    go_on_with_repricings(until=time.monotonic() + REPRICING_S)


def close_statements(**_: object) -> None:
    """Close the months that are over."""
    close_statements_due()


def prune(**_: object) -> None:
    """Delete what is older than the retention."""
    prune_daily()
