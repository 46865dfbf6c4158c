"""A driver's lease on its own row: taken, renewed by a thread of its own, given back.

The lease counts by PostgreSQL's clock. `may_start` is the driver's own fence: it says no as soon as the last
good beat is so old that another driver may hold the executions. A beat that comes after the lease had run out
is good only once it is known that nobody took anything meanwhile.
"""

import datetime as dt
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction

from executions.models import Driver
from executions.orchestrator.database_calls import read_only_is_away
from teams.models.uuid7 import new_id

logger = logging.getLogger(__name__)

_TAKE = """
INSERT INTO executions_driver
    (id, host, pid, lease_until, capacity, in_flight, stopping, started_at, beat_at)
VALUES (%s, %s, %s, clock_timestamp() + make_interval(secs => %s), %s, 0, false, clock_timestamp(),
    clock_timestamp())
RETURNING clock_timestamp()
"""
_RENEW = """
UPDATE executions_driver d SET beat_at = clock_timestamp(), in_flight = %s, stopping = %s,
    lease_until = clock_timestamp() + make_interval(secs => %s)
FROM (SELECT id, lease_until FROM executions_driver WHERE id = %s) AS before
WHERE d.id = before.id RETURNING clock_timestamp(), before.lease_until < d.beat_at
"""


class Lease:
    """The lease of one driver; both of its questions are asked, and `lost` is called, from the beat's thread.

    `is_robbed` says whether another driver took something of ours, asked when the lease had run out before a
    beat. `lost` is called where it did, and when the row is gone.
    """

    def __init__(
        self, *, in_flight: Callable[[], int], is_robbed: Callable[[], bool], lost: Callable[[], None]
    ) -> None:
        self.driver_id: uuid.UUID = new_id()
        self.stopping = False
        self._in_flight = in_flight
        self._is_robbed = is_robbed
        self._lost = lost
        self._ttl_s = settings.ORCHESTRATOR.lease_ttl_s
        self._beat_s = settings.ORCHESTRATOR.beat_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat_for_ever, name="lease", daemon=True)
        self._is_doubtful = False
        # The last good beat: when it was sent, by the monotonic clock, and PostgreSQL's time. One value, for
        # the beat's thread sets it while others read.
        self._good = (0.0, dt.datetime.min.replace(tzinfo=dt.UTC))

    def take(self) -> None:
        """Insert the driver's row and begin to beat."""
        sent = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute(
                _TAKE,
                [
                    self.driver_id,
                    socket.gethostname(),
                    os.getpid(),
                    self._ttl_s,
                    settings.ORCHESTRATOR.capacity,
                ],
            )
            self._beaten(sent, cursor.fetchone()[0])
        self._thread.start()

    def give_back(self) -> None:
        """Stop beating, free the executions that are still held and delete the row.

        Where the row cannot be deleted, the lease ends by itself: nobody renews it any more.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        with transaction.atomic():
            row = Driver.objects.filter(pk=self.driver_id)
            row.delete()

    def may_start(self) -> bool:
        """Whether the lease surely holds long enough for a start to be sent under it."""
        return not self._is_doubtful and self._age_s() < self._ttl_s - min(5.0, self._ttl_s / 3)

    def now(self) -> dt.datetime:
        """Return PostgreSQL's time, as of the last beat plus what the monotonic clock counted since."""
        sent, at = self._good
        return at + dt.timedelta(seconds=time.monotonic() - sent)

    def _age_s(self) -> float:
        return time.monotonic() - self._good[0]

    def _beaten(self, sent: float, at: dt.datetime) -> None:
        # The lease runs from when the beat was sent at the latest: the answer may have taken its time.
        self._good = (sent, at)

    def _beat_for_ever(self) -> None:
        try:
            while not self._stop.wait(self._beat_s):
                if not self._beat():
                    self._lost()
                    return
        except Exception:
            logger.exception("driver %s cannot beat any more and lets go of everything", self.driver_id)
            self._lost()
        finally:
            connection.close()

    def _beat(self) -> bool:
        sent = time.monotonic()
        try:
            with read_only_is_away(), connection.cursor() as cursor:
                cursor.execute(_RENEW, [self._in_flight(), self.stopping, self._ttl_s, self.driver_id])
                row = cursor.fetchone()
            self._is_doubtful = self._is_doubtful or (row is not None and row[1])
            if self._is_doubtful and self._is_robbed():
                logger.error("driver %s was away for too long and lets go of everything", self.driver_id)
                return False
        except (OperationalError, InterfaceError) as error:
            logger.warning("driver %s could not beat: %s", self.driver_id, type(error).__name__)
            connection.close()
            # It may have been renewed all the same, and too late: the next beat would find it in good order.
            self._is_doubtful = self._is_doubtful or self._age_s() > self._ttl_s
            return True
        if row is None:
            logger.error("driver %s lost its row and lets go of everything", self.driver_id)
            return False
        self._is_doubtful = False
        self._beaten(sent, row[0])
        return True
