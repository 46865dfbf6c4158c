"""Source ids that another run's response has already: nothing is dropped, and nothing is billed twice."""

import uuid

import pytest

from billing.ledger import record_responses, totals_of_execution
from billing.models import UsageLog


def test_a_source_id_that_counts_within_a_run_is_recorded_for_each_run_and_once(make_entry, now):
    runs = [uuid.uuid4() for _ in range(3)]
    entries = [
        make_entry(source_id="1", agent_run_id=run, request_data={"thread": f"thread-{number}"})
        for number, run in enumerate(runs)
    ]

    first = record_responses(entries[:1], at=now)
    both = record_responses([entries[2], entries[1]], at=now)
    again = record_responses(entries, at=now)

    assert [row.source_id for row in first] == ["1"]
    assert [row.source_id for row in both] == [f"{runs[2]}:1", f"{runs[1]}:1"]
    assert again == []
    assert sorted(UsageLog.objects.values_list("agent_run_id", flat=True)) == sorted(runs)
    assert totals_of_execution(entries[0].execution_id).overall.tokens_input == 30_000


def test_two_runs_of_one_call_with_the_same_source_id_both_have_their_rows(make_entry, now):
    entries = [make_entry(source_id="s" * 200, agent_run_id=uuid.uuid4()) for _ in range(2)]

    rows = record_responses([*entries, entries[1]], at=now)

    assert len(rows) == 2
    assert {row.agent_run_id for row in rows} == {entry.agent_run_id for entry in entries}
    assert record_responses(entries, at=now) == []


@pytest.mark.parametrize(("usage", "rows"), [({"prompt_tokens": 10}, 1), ({"prompt_tokens": 11}, 2)])
def test_a_message_that_two_runs_of_one_thread_read_is_billed_once(make_entry, now, usage, rows):
    thread = {"thread": "thread-1"}
    one = make_entry(source_id="m", request_data=thread, response_data={"usage": {"prompt_tokens": 10}})
    two = make_entry(
        source_id="m", agent_run_id=uuid.uuid4(), request_data=thread, response_data={"usage": usage}
    )

    record_responses([one], at=now)
    record_responses([two], at=now)

    assert UsageLog.objects.count() == rows
