"""Suna from 25 October to 3 December 2025 (c0 of suna-contract): the form start under `/api`.

Within it limits moved from 403 and 429 to 402 with an error code (9 November), and reading a thread came to
need the JWT (6 November, suna-contract §1.2): with an API key alone the run's stream is replayed instead.
Until 24 November agents called tools in XML inside their text, from then on natively: each row is read as it
is.
"""

from collections.abc import Sequence

from executions.agent_service import LiveSource, RunResult
from executions.suna.wire.call import Call
from executions.suna.wire.form_start import FormStart
from executions.suna.wire.messages import Message
from executions.suna.wire.profile import Capabilities
from executions.suna.wire.replay import replay_call
from executions.suna.wire.results import EITHER, build_result


class Suna202510(FormStart):
    """The profile `2025-10`."""

    name = "2025-10"
    capabilities = Capabilities(
        streams_safely=True,
        lists_runs=True,
        lists_active_runs=True,
        reports_usage=True,
        prompt_before_start=False,
        honours_user_keys=False,
        live=LiveSource.STREAM,
        # Without keys for Langfuse, from 22 September to 23 November 2025 (suna-contract §9.16).
        may_linger=True,
    )

    def build_result(self, messages: Sequence[Message], *, run_id: str) -> RunResult:
        """Build the result from one run's rows, oldest first, whichever way each calls its tools."""
        return build_result(messages, run_id=run_id, reading=EITHER)

    def replay(self, *, run_id: str) -> Call | None:
        """Build the call for the replay of the run's stream, which is kept for a day after its end."""
        return replay_call(self.watch_run(run_id=run_id).path)
