"""A base of profiles: Suna under `/v1`, with native tool calls in its rows (c1, c2, d of suna-contract)."""

from collections.abc import Sequence
from dataclasses import replace

from executions.agent_service import RunResult
from executions.suna.wire.call import Call
from executions.suna.wire.form_start import FormStart
from executions.suna.wire.messages import Message
from executions.suna.wire.native_calls import find_native_call, read_plain_text
from executions.suna.wire.results import Reading, build_result, settle

_NATIVE = Reading(find_call=find_native_call, read_plain=read_plain_text)


class NativeRows(FormStart):
    """The form start under `/v1`, and results from rows whose calls stand beside the text.

    The rows are asked for with `optimized=false`, always: by default the content of every row that is not the
    user's is left out, and the rows with the tokens are not there at all (suna-contract §4, §5).
    """

    prefix = "/v1"

    def build_result(self, messages: Sequence[Message], *, run_id: str) -> RunResult:
        """Build the result from one run's rows, oldest first. Where there are none, they may be late."""
        # Whether it met an error, the run's own status tells (suna-contract §2).
        result = settle(build_result(messages, run_id=run_id, reading=_NATIVE))
        if result.text is None and not result.responses:
            return replace(result, usage_complete=False)
        return result

    def find_error(self, result: RunResult, *, run_id: str) -> Call | None:
        """Return None: the run itself tells its error, and reading a stream after the end may do harm."""
        return None
