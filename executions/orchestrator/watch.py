"""The watch that each cluster of drivers keeps over the rows and over itself, in its first process.

A wake-up can be lost in many ways, so that idle workers are told as long as executions are free. A worker
that was killed while it waited for a task keeps the lock of the cluster's own queue, and no task reaches a
worker of that cluster any more: such a cluster is deaf for good and is begun anew, under the same process id.
"""

import logging
import os
import sys
import threading
import time

from django.conf import settings
from django.db import connection

from executions.models import Driver
from executions.orchestrator.claim import count_claimable
from executions.orchestrator.database_calls import DATABASE_AWAY
from executions.orchestrator.process_tree import kill_all_below
from executions.orchestrator.queue import LET_GO_S, LOOK_S, StopAwareCluster
from executions.orchestrator.wake import queue_driver

logger = logging.getLogger(__name__)

DEAF_AFTER = 3


def keep_watch(cluster: StopAwareCluster) -> None:
    """Return when the cluster was stopped and nothing of it is left. Nothing may be forked after this."""
    deaf = threading.Event()
    threading.Thread(target=_watch_for_ever, args=(deaf,), name="watch", daemon=True).start()
    # The signals' handlers run in this thread, between two looks.
    while not deaf.is_set() and not cluster.wait(LOOK_S):
        pass
    if not cluster.is_stopping_now:
        if deaf.is_set():
            logger.error("nobody takes the executions that wait: the cluster is begun anew")
        else:
            logger.error("the cluster's sentinel is gone: the cluster is begun anew")
            cluster.tell_tasks_to_stop()
            time.sleep(LET_GO_S)
    kill_all_below()
    if not cluster.is_stopping_now:
        command = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, command, os.environ)  # noqa: S606  our own command line


def _watch_for_ever(deaf: threading.Event) -> None:
    unheard = 0
    while True:
        time.sleep(settings.ORCHESTRATOR.lease_ttl_s)
        try:
            unheard = unheard + 1 if _call_in_vain() else 0
        except DATABASE_AWAY as error:
            logger.warning("the watch cannot see PostgreSQL: %s", type(error).__name__)
            connection.close()
            unheard = 0
        if unheard >= DEAF_AFTER:
            deaf.set()
            return


def _call_in_vain() -> bool:
    """Queue a driver where executions are free; return whether none drives although one could be queued."""
    if not count_claimable() or not queue_driver():
        return False
    return not Driver.objects.alive().exists()
