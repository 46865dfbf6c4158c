"""Ends of runs that the service may take back: they count only once they have lasted.

Some versions of Suna mark a healthy run failed because somebody who read its stream heard nothing of it; when
the run is over it overwrites that with how it really ended (suna-contract §3.4, §9.26).
"""

import datetime as dt

from django.conf import settings

from executions.agent_service import RunView


class Doubt:
    """What was seen of one run's end. A driver that takes a run up later begins to wait anew."""

    def __init__(self) -> None:
        self._since: dt.datetime | None = None

    def is_over(self, view: RunView, *, now: dt.datetime) -> bool:
        """Take in an end that was told `now`, by PostgreSQL's time; return whether it counts."""
        if not view.doubtful:
            return True
        if self._since is None:
            self._since = now
        return (now - self._since).total_seconds() >= settings.ORCHESTRATOR.doubtful_end_s
