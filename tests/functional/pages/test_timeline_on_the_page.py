"""The timeline and the picture of the workflow on an execution's page."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from executions.models import Execution, ExecutionEvent
from teams.models import User
from tests.fixtures.site_rows import HOSTILE, set_execution, set_step

pytestmark = pytest.mark.django_db


def note(execution: Execution, *facts: tuple[float, str, object]) -> None:
    """Append events of the first step: seconds, kind, attempt."""
    first = execution.event_seq + 1
    ExecutionEvent.objects.bulk_create(
        ExecutionEvent(
            execution=execution,
            seq=first + number,
            kind=kind,
            step_id="agent-123",
            data={"attempt": attempt},
            created_at=execution.created_at + dt.timedelta(seconds=seconds),
        )
        for number, (seconds, kind, attempt) in enumerate(facts)
    )


def page_of(client: Client, execution: Execution) -> str:
    return client.get(reverse("execution", args=[execution.pk])).content.decode()


def test_a_retried_step_says_in_words_what_its_bars_show(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    over = execution.created_at + dt.timedelta(seconds=12)
    note(
        execution,
        (2, "step_starting", 1),
        (3, "step_running", 1),
        (5, "step_retrying", 1),
        (8, "step_starting", 2),
        (9, "step_running", 2),
        (12, "step_completed", 2),
    )
    set_step(execution, "agent-123", status="completed", finished_at=over, attempts=2)
    for step_id in ("agent-456", "agent-789"):
        set_step(execution, step_id, status="skipped", code="upstream_failed", finished_at=over)
    set_execution(execution, status="completed", started_at=execution.created_at, finished_at=over)

    body = page_of(sign_in(owner), execution)

    assert (
        "attempt 1: was being started 0:01; attempt 1: at work 0:02;"
        " attempt 1: waited for another attempt 0:03;"
        " attempt 2: was being started 0:01; attempt 2: at work 0:03"
    ) in body
    assert '<rect class="running" x="25.00%" width="16.67%" y="4"' in body
    assert '<rect class="running" x="75.00%" width="25.00%" y="16"' in body
    assert body.count('<span class="unseen">skipped</span>') == 2


def test_an_execution_that_has_not_begun_has_a_picture_and_no_timeline(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    body = page_of(sign_in(owner), execution)

    assert 'class="timeline"' not in body
    assert body.count("data-node=") == 3
    for step_id in ("agent-123", "agent-456", "agent-789"):
        assert f'href="#step-{step_id}"' in body
        assert f'id="step-{step_id}"' in body


def test_an_attempt_that_is_no_number_breaks_no_page(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    note(execution, (1, "step_starting", HOSTILE), (2, "step_running", {"more": HOSTILE}))
    set_step(execution, "agent-123", status="running", attempts=1)
    set_execution(execution, status="running", started_at=execution.created_at)

    body = page_of(sign_in(owner), execution)

    assert 'class="running"' in body
    assert HOSTILE not in body
