"""An execution that is broken off says honestly what is not known of its runs."""

import pytest

from executions.models import AgentRun
from executions.orchestrator.break_off import build_break_off
from tests.integration.orchestrator.rows import AT, make_rows


@pytest.mark.django_db
@pytest.mark.parametrize(("start_requested_at", "complete"), [(AT, False), (None, True)])
def test_a_start_that_may_have_been_sent_may_have_used_something(start_requested_at, complete):
    rows = make_rows()
    AgentRun.objects.filter(pk=rows.open_run.pk).update(
        suna_run_id=None, start_requested_at=start_requested_at
    )

    changes = build_break_off(rows.open_execution.pk)

    assert changes.runs[rows.open_run.pk]["usage_complete"] is complete
