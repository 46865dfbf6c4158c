"""Suna to 28 July 2025 (b0 of suna-contract): no threads over REST, so that the start makes one.

A start whose answer is lost cannot be looked up: the thread's id is in that answer alone. What a run left is
read from its event stream, replayed when it is over; tokens are in the account's usage logs, if anywhere.
"""

from collections.abc import Sequence

from executions.agent_service import LiveSource, Rejected, RunRequest, RunResult
from executions.suna.wire.api_calls import check_request, named_model
from executions.suna.wire.call import Call, Patience
from executions.suna.wire.profile import Capabilities
from executions.suna.wire.replay import replay_call
from executions.suna.wire.runs import RunRow
from executions.suna.wire.thread_rows import ThreadRows
from executions.suna.wire.usage import UsagePage, read_usage_logs

USAGE_PAGE_SIZE = 1000


class Suna202507(ThreadRows):
    """The profile `2025-07`."""

    name = "2025-07"
    capabilities = Capabilities(
        streams_safely=True,
        lists_runs=True,
        lists_active_runs=False,
        # Where Suna runs with billing, which self-hosted ones do not.
        reports_usage=False,
        prompt_before_start=False,
        honours_user_keys=False,
        makes_threads=False,
        answers_in_thread=False,
        reads_rows=False,
        live=LiveSource.STREAM,
    )

    def make_place(self, request: RunRequest) -> Call | None:
        """Return None: only a start makes a thread. What is wrong with the request is refused here too."""
        check_request(request)
        return None

    def put_prompt(self, request: RunRequest, *, place: str) -> Call | None:
        """Return None: the start carries the prompt."""
        return None

    def start(self, request: RunRequest, *, place: str | None) -> Call:
        """Build the start, as a form: JSON is a 422. Suna makes a sandbox before it answers (§1.3)."""
        check_request(request)
        if place is not None:
            raise Rejected("this version of Suna starts a run in a thread of its own only")
        fields = {"prompt": request.prompt, "agent_id": request.agent_id}
        return Call(
            method="POST",
            path=f"{self.prefix}/agent/initiate",
            form={**fields, **named_model(request)},
            patience=Patience.PREPARE,
        )

    def get_result(self, *, run_id: str, place: str) -> Call:
        """Build the call for the replay of the run's stream."""
        return self.replay(run_id=run_id)

    def read_result(self, body: bytes, *, run_id: str, runs: Sequence[RunRow] | None) -> RunResult | None:
        """Return what the run left behind; a stream is one run's own."""
        return self.read_replay(body, run_id=run_id)

    def replay(self, *, run_id: str) -> Call:
        """Build the call for the replay. Its record is kept for a day after the run's end."""
        return replay_call(self.watch_run(run_id=run_id).path)

    def find_error(self, result: RunResult, *, run_id: str) -> Call | None:
        """Build the call for a second replay where the first told of neither an answer nor an error.

        The error is written behind the `completed` that ends a first reader's stream (suna-contract §9.24).
        """
        is_told = result.text is not None or result.error is not None or result.partial is not None
        if is_told and not result.unsettled:
            return None
        return self.replay(run_id=run_id)

    def find_usage(self, *, page: int) -> Call | None:
        """Build the call for the account's usage logs: no run and no stream tells its tokens."""
        query = {"page": str(page), "items_per_page": str(USAGE_PAGE_SIZE)}
        return Call(method="GET", path=f"{self.prefix}/billing/usage-logs", query=query)

    def read_usage(self, body: bytes, *, place: str) -> UsagePage:
        """Return what was used in a thread."""
        return read_usage_logs(body, place=place)
