"""A driver's own fence: it starts nothing once another one may hold its executions."""

import time
from dataclasses import replace

import pytest

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
