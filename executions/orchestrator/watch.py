"""The watch that each cluster of drivers keeps: as long as executions are free, idle workers are told.

A wake-up can be lost in many ways; a cluster whose worker is frozen even takes it and keeps it. Nothing but
this and the sweep looks at the rows while no driver drives.
"""

import logging
import threading
import time

from django.conf import settings
from django.db import connection

from executions.orchestrator.claim import count_claimable
from executions.orchestrator.database_calls import DATABASE_AWAY
from executions.orchestrator.wake import queue_driver

logger = logging.getLogger(__name__)


def start_watch() -> None:
    """Watch until this process ends, in a thread of its own. Nothing may be forked after this."""
    threading.Thread(target=_watch_for_ever, name="watch", daemon=True).start()


def _watch_for_ever() -> None:
    while True:
        time.sleep(settings.ORCHESTRATOR.lease_ttl_s)
        try:
            if count_claimable():
                queue_driver()
        except DATABASE_AWAY as error:
            logger.warning("the watch cannot see PostgreSQL: %s", type(error).__name__)
            connection.close()
