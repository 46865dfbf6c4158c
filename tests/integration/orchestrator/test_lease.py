"""A driver's own fence: it starts nothing once another one may hold its executions."""

import threading
import time
from dataclasses import replace

import pytest
from django.db.models import F

from executions.models import Driver
from executions.orchestrator.lease import Lease

TTL_S = 1.5


@pytest.fixture
def lease(transactional_db: None, settings) -> Lease:
    """Give a lease that never beats by itself: its first beat is later than the test."""
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, lease_ttl_s=TTL_S, beat_s=60)
    return Lease(in_flight=lambda: 0, is_robbed=lambda: False, lost=lambda: None)


def test_nothing_may_start_before_the_lease_is_taken_nor_when_it_may_be_over_before_the_start_is(lease):
    assert not lease.may_start()

    lease.take()
    try:
        assert lease.may_start()
        time.sleep(TTL_S * 2 / 3)

        assert Driver.objects.alive().exists()
        assert not lease.may_start()
    finally:
        lease.give_back()
    assert not Driver.objects.exists()


@pytest.mark.parametrize("robbed", [True, False])
def test_beat_after_the_lease_was_over_is_good_only_if_nothing_was_taken_meanwhile(
    transactional_db, settings, robbed
):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, lease_ttl_s=0.6, beat_s=0.2)
    asked, lost = threading.Event(), threading.Event()

    def is_robbed() -> bool:
        asked.set()
        return robbed

    lease = Lease(in_flight=lambda: 0, is_robbed=is_robbed, lost=lost.set)
    lease.take()
    try:
        time.sleep(0.5)
        assert not asked.is_set()
        # As if the process had stood still: the row says that it is over.
        Driver.objects.update(beat_at=F("started_at"), lease_until=F("started_at"))
        assert asked.wait(5)
        assert lost.wait(1) is robbed
        assert lease.may_start() is not robbed
    finally:
        lease.give_back()
