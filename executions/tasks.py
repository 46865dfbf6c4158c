"""What the queue runs, by name. Each task makes one call; arguments are ids, and there are none here."""

from executions.orchestrator.drive import drive as drive_executions
from executions.orchestrator.sweep import sweep as sweep_executions
from executions.orchestrator.swept import record_sweep
from executions.upkeep.daily_prune import prune_daily


def drive(**_: object) -> None:
    """Become a driver."""
    drive_executions()


def canary(**_: object) -> None:
    """Do nothing: that it was taken is what counts."""


def sweep(**_: object) -> None:
    """Repair what hints missed: wake a driver, forget dead ones, find late runs, read missing usage."""
    sweep_executions()
    record_sweep()


def prune(**_: object) -> None:
    """Delete what is older than the retention."""
    prune_daily()
