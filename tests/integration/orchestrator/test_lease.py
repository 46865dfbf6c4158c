"""A driver's own fence: it starts nothing once another one may hold its executions."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.db import OperationalError
from django.db.models import F

from executions.models import Driver
from executions.orchestrator import lease as lease_module
from executions.orchestrator.lease import Lease
from tests.fixtures.running import wait_until

TTL_S = 4.5


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
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, lease_ttl_s=3, beat_s=0.2)
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
        assert asked.wait(30)
        assert lost.wait(30 if robbed else 1) is robbed
        wait_until(lambda: lease.may_start() is not robbed)
    finally:
        lease.give_back()


def test_driver_whose_beat_fails_by_a_fault_of_ours_lets_go(transactional_db, settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, lease_ttl_s=3, beat_s=0.1)
    lost = threading.Event()

    def count() -> int:
        raise RuntimeError("the dictionary changed its size")

    lease = Lease(in_flight=count, is_robbed=lambda: False, lost=lost.set)
    lease.take()
    try:
        assert lost.wait(30)
    finally:
        lease.give_back()


@pytest.mark.parametrize("robbed", [True, False])
def test_beat_that_came_too_late_and_whose_answer_was_lost_is_asked_about(
    transactional_db, settings, monkeypatch, robbed
):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, lease_ttl_s=0.6, beat_s=0.2)
    asked, lost, stood_still = threading.Event(), threading.Event(), threading.Event()

    def is_robbed() -> bool:
        asked.set()
        return robbed

    lease = Lease(in_flight=lambda: 0, is_robbed=is_robbed, lost=lost.set)

    @contextmanager
    def over_a_bad_line() -> Iterator[None]:
        if stood_still.is_set():
            yield
            return
        time.sleep(1)
        yield
        stood_still.set()
        raise OperationalError("the answer was lost")

    monkeypatch.setattr(lease_module, "read_only_is_away", over_a_bad_line)
    lease.take()
    try:
        # The beat that was lost has renewed the row: the next one finds it in good order.
        assert stood_still.wait(30)
        assert asked.wait(30)
        assert lost.wait(30 if robbed else 1) is robbed
        wait_until(lambda: lease.may_start() is not robbed)
    finally:
        lease.give_back()
