"""Whether rows end in a whole answer: judged by what Suna of October 2025 (c0, b2) was seen to write."""

import copy
import json
from typing import Any

import pytest

from executions.suna.wire import PROFILES
from tests.contract.recordings import load

VERSIONS = ["2025-08-b2", "2025-10"]
CASES = ["complete", "ask", "text"]
CALL = '<function_calls>\n<invoke name="web_search">\n<parameter name="query">x</parameter>\n</invoke>'


def rows_of(version: str, case: str) -> list[dict[str, Any]]:
    return copy.deepcopy(load(version, f"{case}-messages")["body"]["messages"])


def is_whole(rows: list[dict[str, Any]], *, profile: str = "2025-10") -> bool | None:
    body = json.dumps({"status": "success", "messages": rows}).encode()
    return PROFILES[profile].find_whole_answer(body, run_id="r", runs=(), replayed=False)


def index_of(rows: list[dict[str, Any]], kind: str) -> int:
    return next(at for at, row in enumerate(rows) if row["type"] == kind)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES)
def test_recorded_answers_are_whole_with_their_last_row_of_tokens_and_not_before(version, case):
    rows = rows_of(version, case)
    end = index_of(rows, "llm_response_end")
    assert is_whole(rows)
    # What a worker without Langfuse leaves: the row that closes the turn is missing too.
    assert is_whole(rows[: end + 1])
    assert [is_whole(rows[:count]) for count in range(end + 1)] == [False] * (end + 1)


@pytest.mark.parametrize("case", ["llm-error", "slow"])
def test_a_run_that_failed_or_was_stopped_at_its_work_has_no_whole_answer(case):
    assert not is_whole(rows_of("2025-10", case))


@pytest.mark.parametrize("text", [f"Let me look.\n{CALL}\n</function_calls>", f"Let me look.\n{CALL}", ""])
def test_a_tool_that_does_not_end_the_run_may_be_at_work(text):
    rows = rows_of("2025-10", "text")
    rows[index_of(rows, "assistant")]["content"]["content"] = text
    assert not is_whole(rows)


def test_a_native_call_may_be_at_work():
    rows = rows_of("2025-10", "text")
    rows[index_of(rows, "assistant")]["content"]["tool_calls"] = [{"function": {"name": "web_search"}}]
    assert not is_whole(rows)


@pytest.mark.parametrize("kind", ["user", "llm_response_start"])
def test_whoever_wrote_after_the_answer_wants_more(kind):
    rows = rows_of("2025-10", "complete")
    later = copy.deepcopy(rows[index_of(rows, kind)])
    assert not is_whole([*rows, {**later, "message_id": "later", "created_at": rows[-1]["created_at"]}])


def test_the_answer_of_an_earlier_turn_is_none_of_a_turn_that_still_works():
    rows = rows_of("2025-10", "complete")
    begun = copy.deepcopy(rows[index_of(rows, "llm_response_start")])
    assert not is_whole([*rows, {**begun, "message_id": "next turn"}])
    assert is_whole(rows)


def test_versions_that_tell_their_ends_are_not_asked():
    lingering = {name for name, profile in PROFILES.items() if profile.capabilities.may_linger}
    assert lingering == {"2025-08", "2025-10"}
    assert is_whole(rows_of("2025-10", "complete"), profile="seed") is False
