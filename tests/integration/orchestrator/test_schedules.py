"""What is done at set times is scheduled once, however many clusters start together."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django_q.models import Schedule

from executions.orchestrator.queue import (
    PRUNE_SCHEDULE,
    SWEEP_SCHEDULE,
    find_schedules,
    schedule_prune,
    schedule_sweep,
)
from teams.models.database_time import database_now

pytestmark = pytest.mark.django_db(transaction=True)


def test_clusters_that_start_together_make_one_schedule_of_each() -> None:
    together = Barrier(8)

    def start(_: int) -> None:
        try:
            connection.ensure_connection()
            together.wait(timeout=30)
            schedule_sweep()
            schedule_prune()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(start, range(8)))

    names = [one.name for one in find_schedules(failed_since=database_now())]
    assert names == [PRUNE_SCHEDULE, SWEEP_SCHEDULE]


def test_a_start_mends_a_schedule_that_is_there_twice_and_keeps_its_next_time() -> None:
    schedule_sweep()
    first = Schedule.objects.get()
    Schedule.objects.create(name=SWEEP_SCHEDULE, func="gone", minutes=3)
    Schedule.objects.filter(pk=first.pk).update(minutes=7, func="old")

    schedule_sweep()

    kept = Schedule.objects.get()
    assert (kept.pk, kept.next_run, kept.minutes, kept.repeats) == (first.pk, first.next_run, 1, -1)
    assert kept.func == "executions.tasks.sweep"
