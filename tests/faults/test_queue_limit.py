"""Overload is refused and never dropped (P16): one start too many is told so, and what was accepted ends."""

import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest
from django.db import connection

from executions.actions.cancel_execution import cancel_execution
from executions.actions.pause_execution import pause_execution
from executions.actions.queue_limit import SiteQueueFull, TooManyPaused, TooManyQueued, check_queue_limit
from executions.actions.resume_execution import resume_execution
from executions.models import Execution, ExecutionEvent
from tests.faults.history import check_history
from tests.fixtures.people import make_person
from tests.fixtures.running import wait_until
from tests.fixtures.site_rows import make_connection, make_team, start
from tests.functional.api.conftest import token_for

POSTS, LIMIT, AT_ONCE = 300, 100, 6
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}


@pytest.mark.faults
def test_starts_over_the_limit_are_refused_at_once_and_every_accepted_one_ends(
    renum_on, live_server, settings, figure
):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, max_queued=LIMIT)
    renum = renum_on("2025-08")
    team = renum.make_team(ONE_STEP)
    address = f"{live_server.url}/api/v1/teams/{team.pk}/executions"
    headers = {"Authorization": f"Bearer {token_for(renum.owner)}"}
    taken: list[float] = []

    with httpx.Client(trust_env=False, timeout=30, headers=headers) as client:

        def post(number: int) -> httpx.Response:
            began = time.monotonic()
            answer = client.post(address, json={"prompt": f"Number {number}."})
            taken.append(time.monotonic() - began)
            return answer

        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            answers = list(pool.map(post, range(POSTS)))

        assert Counter(answer.status_code for answer in answers) == {202: LIMIT, 429: POSTS - LIMIT}
        refused = [answer for answer in answers if answer.status_code == 429]
        assert {answer.json()["code"] for answer in refused} == {"too_many_queued"}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
        figure("queue_limit.accepted", LIMIT)
        figure("queue_limit.post_p50_ms", 1000 * statistics.median(taken))
        figure("queue_limit.post_p99_ms", 1000 * statistics.quantiles(taken, n=100)[98])

        renum.start_drivers()
        wait_until(lambda: not Execution.objects.unfinished().exists(), timeout_s=60)
        assert post(POSTS).status_code == 202

    ids = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert Execution.objects.filter(pk__in=ids, status="completed").count() == LIMIT
    wait_until(lambda: not Execution.objects.unfinished().exists())
    assert renum.suna.starts() == LIMIT + 1
    check_history(renum)


def test_a_long_queue_is_counted_cheaply_and_what_a_driver_has_begun_does_not_count(db, settings, figure):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, max_queued=500, max_queued_site=5000)
    owner, other = make_person("olga"), make_person("oscar")
    execution = start(make_team(owner, connection=make_connection()))
    for person, status, count in ((owner, "queued", 499), (owner, "running", 500), (other, "queued", 2000)):
        Execution.objects.bulk_create(
            Execution(
                team_id=execution.team_id,
                workflow_version_id=execution.workflow_version_id,
                connection_id=execution.connection_id,
                plan=execution.plan,
                started_by=person,
                payer=person,
                key_owner=person,
                status=status,
                deadline_at=execution.deadline_at,
            )
            for _ in range(count)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE renum_team_executions")

    with pytest.raises(TooManyQueued) as refused:
        check_queue_limit(owner)
    assert (refused.value.status, refused.value.code) == (429, "too_many_queued")
    Execution.objects.filter(pk=execution.pk).update(status="running")
    taken = []
    for _ in range(20):
        began = time.monotonic()
        check_queue_limit(owner)
        taken.append(time.monotonic() - began)
    figure("queue_limit.count_ms_at_2500_queued", 1000 * statistics.median(taken))

    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, max_queued_site=2499)
    with pytest.raises(SiteQueueFull) as full:
        check_queue_limit(make_person("otto"))
    assert (full.value.status, full.value.retry_after_s) == (503, 30)


def test_what_is_paused_before_it_began_keeps_nobody_from_starting_and_has_a_limit_of_its_own(db, settings):
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, max_queued=2, max_queued_site=2)
    owner = make_person("olga")
    team = make_team(owner, connection=make_connection())
    paused = [pause_execution(execution=start(team), by=owner) for _ in range(2)]
    waiting = [start(team) for _ in range(2)]
    with pytest.raises(SiteQueueFull):
        start(team)
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, max_queued_site=9)
    with pytest.raises(TooManyQueued):
        start(team)

    # Asking again is harmless, one more is too many.
    pause_execution(execution=paused[0], by=owner)
    with pytest.raises(TooManyPaused) as refused:
        pause_execution(execution=waiting[0], by=owner)
    assert (refused.value.status, refused.value.code) == (409, "too_many_paused")
    assert ExecutionEvent.objects.filter(kind="pause_requested").count() == 2
    # One that has begun is held by nobody's queue.
    Execution.objects.filter(pk=waiting[1].pk).update(status="running")
    waiting[1].refresh_from_db()
    pause_execution(execution=waiting[1], by=owner)

    resume_execution(execution=paused[0], by=owner)
    pause_execution(execution=waiting[0], by=owner)
    cancel_execution(execution=paused[1], by=owner)
    with pytest.raises(TooManyPaused):
        pause_execution(execution=paused[0], by=owner)
