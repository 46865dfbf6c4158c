"""Wake-ups in the queue: few are enough, however long nobody takes them."""

from django_redis import get_redis_connection

from executions.orchestrator.queue import DRIVERS, count_queued
from executions.orchestrator.wake import QUEUED, QUEUED_AT_MOST, queue_driver


def test_no_more_drivers_are_queued_than_would_ever_help(clean_redis: object, db: None) -> None:
    for _ in range(QUEUED_AT_MOST + 5):
        assert queue_driver()
        # As if its time had passed.
        get_redis_connection("default").delete(QUEUED)

    assert count_queued(DRIVERS) == QUEUED_AT_MOST
