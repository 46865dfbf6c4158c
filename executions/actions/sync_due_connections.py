"""Bringing the catalogues up to date by themselves, each about once an hour."""

import datetime as dt
import logging
import time
import uuid

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from executions.actions.connection_rights import SunaUnusable
from executions.actions.sync_agents import sync_agents
from executions.orchestrator.redetect import notice_another
from teams.models import SunaConnection

logger = logging.getLogger(__name__)

EACH_S = 3600.0
AT_ONCE = 20
"""So many connections a round: with a round a minute that is enough for a thousand."""
ONE_S = 10.0


def sync_due_connections(*, until: float) -> int:
    """List the agents of the connections whose turn it is; return how many were listed.

    Before that it is noticed whether another Suna took a connection's place. `until` is a time of
    `time.monotonic`, after which no further one is begun. A connection that fails harms no other and has its
    next turn in an hour. Those that wait for a person to mend their credential are left alone.
    """
    listed = 0
    for connection_id in _due().values_list("pk", flat=True)[:AT_ONCE]:
        left_s = until - time.monotonic()
        if left_s <= 0:
            break
        listed += _sync(connection_id, patience_s=min(ONE_S, left_s))
    return listed


def _due() -> "QuerySet[SunaConnection]":
    long_ago = Q(sync_tried_at=None) | Q(sync_tried_at__lt=Now() - dt.timedelta(seconds=EACH_S))
    known = SunaConnection.objects.exclude(wire_profile="").filter(paused_code="")
    return known.filter(long_ago).order_by(F("sync_tried_at").asc(nulls_first=True), "pk")


def _sync(connection_id: uuid.UUID, *, patience_s: float) -> int:
    # Two rounds may meet: whoever notes the attempt makes it.
    if not _due().filter(pk=connection_id).update(sync_tried_at=Now()):
        return 0
    until = time.monotonic() + patience_s
    try:
        # First: what is there now may list its agents another way.
        notice_another(connection_id, patience_s=patience_s / 2)
        connection = SunaConnection.objects.filter(pk=connection_id).first()
        if connection is None:
            return 0
        sync_agents(connection=connection, by=None, patience_s=until - time.monotonic())
    except SunaUnusable as refusal:
        logger.info("the agents of connection %s are not listed: %s", connection_id, refusal.code)
        return 0
    except Exception as error:  # noqa: BLE001  whatever its row or its Suna holds
        logger.error("the agents of connection %s are not listed: %s", connection_id, type(error).__name__)  # noqa: TRY400  its text may hold a row
        return 0
    return 1
