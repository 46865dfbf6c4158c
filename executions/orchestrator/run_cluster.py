"""One cluster from its start to its end: what it waits for, what it refuses, and the watch over it."""

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from executions.orchestrator.queue import STOP_SIGNALS, start_cluster
from executions.orchestrator.schema_fit import compare_schema
from executions.orchestrator.watch import keep_watch

ASK_AGAIN_S = 0.5


class ClusterRefusedError(Exception):
    """The cluster does not start; the message is one sentence. `exit_code` 3: the schema does not fit."""

    def __init__(self, message: str, *, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def run_cluster(name: str, *, on_worker_born: Callable[..., None] | None = None) -> None:
    """Run the cluster of that name until SIGTERM or SIGINT. Raises ClusterRefusedError.

    django-q2 reads the name from the environment before anything else: whoever comes with another one begins
    again under the same process id.
    """
    if os.environ.get("Q_CLUSTER_NAME") != name:
        environment = {**os.environ, "Q_CLUSTER_NAME": name}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606  our own command line
    # The first process of a container ignores signals that it does not handle; and a stop may wait already.
    for number in STOP_SIGNALS:
        signal.signal(number, _end_at_once)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    _wait_for("PostgreSQL (DATABASE_URL)", _postgres_answers)
    _wait_for("Redis (REDIS_URL)", _redis_answers)
    if unfit := compare_schema().describe():
        raise ClusterRefusedError(unfit, exit_code=3)
    # A connection must not be shared with what is forked.
    connection.close()
    keep_watch(start_cluster(on_worker_born=on_worker_born), name=name)


def _end_at_once(number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _wait_for(what: str, answers: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + settings.WAIT_FOR_DB_S
    while not answers():
        if time.monotonic() > give_up_at:
            msg = f"{what} did not answer within {settings.WAIT_FOR_DB_S:g} s."
            raise ClusterRefusedError(msg, exit_code=1)
        time.sleep(ASK_AGAIN_S)


def _postgres_answers() -> bool:
    try:
        connection.ensure_connection()
    except (OperationalError, InterfaceError):
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(get_redis_connection("default").ping())
    except (RedisError, OSError):
        return False
