"""A base of profiles: what a run left behind is read from its thread's rows (suna-contract §5)."""

from collections.abc import Sequence
from dataclasses import replace

from executions.agent_service import RunResult, RunView
from executions.suna.wire import runs
from executions.suna.wire.api_calls import ApiCalls
from executions.suna.wire.call import Call, quote_id
from executions.suna.wire.messages import Message, has_several_turns, read_messages, select_run
from executions.suna.wire.replay import read_replay, replay_call
from executions.suna.wire.results import build_result
from executions.suna.wire.runs import RunRow
from executions.suna.wire.stream import find_stream_error
from executions.suna.wire.whole_answer import holds_whole_answer


class ThreadRows(ApiCalls):
    """Runs of upstream's Suna, and their results from `GET threads/{t}/messages`."""

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
            path=f"{self.prefix}/threads/{quote_id(place, what='the thread id')}/messages",
            query={"order": "asc", "optimized": "false"},
        )

    def read_result(self, body: bytes, *, run_id: str, runs: Sequence[RunRow] | None) -> RunResult | None:
        """Return what the run left behind in its thread; None where the thread holds several turns."""
        messages = read_messages(body)
        if has_several_turns(messages):
            if runs is None:
                return None
            messages = select_run(messages, run_id=run_id, runs=runs)
        result = self.build_result(messages, run_id=run_id)
        return replace(result, cleaned=result.cleaned or _is_cleaned(messages))

    def find_whole_answer(
        self, body: bytes, *, run_id: str, runs: Sequence[RunRow] | None, replayed: bool
    ) -> bool | None:
        """Tell whether the run has answered in full; None where the thread holds several turns."""
        if replayed:
            told = read_replay(body)
            return told.error is None and holds_whole_answer(told.messages)
        messages = read_messages(body)
        if has_several_turns(messages):
            if runs is None:
                return None
            messages = select_run(messages, run_id=run_id, runs=runs)
        return holds_whole_answer(messages)

    def build_result(self, messages: Sequence[Message], *, run_id: str) -> RunResult:
        """Build the result from one run's rows, oldest first: here with tool calls in XML."""
        return build_result(messages, run_id=run_id)

    def read_replay(self, body: bytes, *, run_id: str) -> RunResult:
        """Return what a run left behind, from its replayed stream: its events look like the rows.

        An error that came after the last answer makes that answer a partial one: b0 and b1 end such a run as
        completed (suna-contract §6.21).
        """
        told = read_replay(body)
        result = self.build_result(told.messages, run_id=run_id)
        result = replace(result, cleaned=result.cleaned or _is_cleaned(told.messages))
        if told.error is not None:
            partial = told.partial or result.partial or result.text
            return replace(result, text=None, asked=False, error=told.error, partial=partial, unsettled=False)
        if told.is_cut and result.text is None:
            return replace(result, partial=told.partial or result.partial, unsettled=False)
        return result

    def find_error(self, result: RunResult, *, run_id: str) -> Call | None:
        """Build the call for the ended run's stream, where the run left no answer or went on after it.

        b1 ends a run whose model refused as completed, without an error; only the stream, opened once more
        after the end, tells it (suna-contract §9.24, §9.35). It replays and closes, and changes nothing.
        """
        if result.unsettled:
            return replay_call(self.watch_run(run_id=run_id).path)
        if result.text is not None or result.error is not None or not result.usage_complete:
            return None
        return replay_call(self.watch_run(run_id=run_id).path)

    def read_error(self, body: bytes) -> str | None:
        """Return the error that the replayed stream holds, which may stand behind its `completed`."""
        return find_stream_error(body)


def _is_cleaned(messages: Sequence[Message]) -> bool:
    """Tell whether anything that the agent wrote was changed to be storable."""
    return not all(message.is_storable for message in messages if message.type == "assistant")
