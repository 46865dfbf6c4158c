"""Suna from 4 December 2025 to 2 January 2026 (c1, c2 of suna-contract): `/v1`, native tool calls.

Until 23 December (c1) a run's stream is a list that is replayed as often as one likes. From then on (c2) it
is trimmed by the very act of reading, and gone when the run ends (suna-contract §3.3): it is not read here.
What is promised is c2's; detection tells of a c1, and the connection keeps it. With an API key alone nobody
may read a thread's rows.
"""

from executions.agent_service import LiveSource
from executions.suna.wire.call import Call
from executions.suna.wire.native_rows import NativeRows
from executions.suna.wire.profile import Capabilities
from executions.suna.wire.replay import replay_call


class Suna202512(NativeRows):
    """The profile `2025-12`."""

    name = "2025-12"
    varying = frozenset({"streams_safely", "live"})
    capabilities = Capabilities(
        streams_safely=False,
        lists_runs=True,
        lists_active_runs=True,
        reports_usage=True,
        prompt_before_start=False,
        honours_user_keys=False,
        rows_need_jwt=True,
        checks_agent=True,
        newer_hides_runs=True,
        live=LiveSource.ROWS,
    )

    def replay(self, *, run_id: str) -> Call | None:
        """Build the call for the replay of the run's stream, which c1 keeps for an hour after its end."""
        return replay_call(self.watch_run(run_id=run_id).path)
