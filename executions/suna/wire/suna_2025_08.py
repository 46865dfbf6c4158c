"""Suna from 29 July to 24 October 2025 (b1, b2 of suna-contract): REST threads, JSON start, XML tool calls.

What differs between b1 and b2 is read as it comes: the pagination, 404 or 500 for a missing agent, and the
name of the row that holds a model call's tokens.
"""

from collections.abc import Sequence

from executions.agent_service import LiveSource, RunRequest, RunResult, RunView
from executions.suna.wire import runs
from executions.suna.wire.api_calls import ApiCalls, check_request, named_model
from executions.suna.wire.call import Call, quote_id
from executions.suna.wire.messages import has_several_turns, read_messages, select_run
from executions.suna.wire.profile import Capabilities
from executions.suna.wire.results import build_result
from executions.suna.wire.runs import RunRow
from executions.suna.wire.stream import find_stream_error


class Suna202508(ApiCalls):
    """The profile `2025-08`."""

    name = "2025-08"
    # The list of active runs came on 11 October 2025: most builds of this profile do not have it, and
    # detection tells of those that do.
    capabilities = Capabilities(
        streams_safely=True,
        lists_runs=True,
        lists_active_runs=False,
        reports_usage=True,
        prompt_before_start=True,
        honours_user_keys=False,
        live=LiveSource.STREAM,
    )

    def put_prompt(self, request: RunRequest, *, place: str) -> Call | None:
        """Build the call that puts the prompt into the thread as the user's message."""
        check_request(request)
        return Call(
            method="POST",
            path=f"/api/threads/{quote_id(place, what='the thread id')}/messages",
            json={"type": "user", "content": request.prompt, "is_llm_message": True},
        )

    def start(self, request: RunRequest, *, place: str | None) -> Call:
        """Build the start. `initial_prompt` would be ignored here."""
        check_request(request)
        return self.build_start(place, {"agent_id": request.agent_id, **named_model(request)})

    def read_start(self, body: bytes, *, place: str | None) -> RunView:
        """Return the run that was started."""
        return runs.read_start(body, place=place)

    def read_run(self, body: bytes, *, run_id: str) -> RunView:
        """Return one run; the single run is camel case, the list is not."""
        return runs.read_run(body, run_id=run_id, thread_key="threadId")

    def get_result(self, *, run_id: str, place: str) -> Call:
        """Build the call for the thread's rows. Later builds drop what we need unless told not to."""
        return Call(
            method="GET",
            path=f"/api/threads/{quote_id(place, what='the thread id')}/messages",
            query={"order": "asc", "optimized": "false"},
        )

    def read_result(self, body: bytes, *, run_id: str, runs: Sequence[RunRow] | None) -> RunResult | None:
        """Return what the run left behind in its thread; None where the thread holds several turns."""
        messages = read_messages(body)
        if has_several_turns(messages):
            if runs is None:
                return None
            messages = select_run(messages, run_id=run_id, runs=runs)
        return build_result(messages, run_id=run_id)

    def find_error(self, result: RunResult, *, run_id: str) -> Call | None:
        """Build the call for the ended run's stream, where the run left no answer.

        b1 ends a run whose model refused as completed, without an error; only the stream, opened once more
        after the end, tells it (suna-contract §9.24, §9.35). It replays and closes, and changes nothing.
        """
        if result.text is not None or result.error is not None or not result.usage_complete:
            return None
        return self.watch_run(run_id=run_id)

    def read_error(self, body: bytes) -> str | None:
        """Return the error that the replayed stream holds, which may stand behind its `completed`."""
        return find_stream_error(body)
