"""Suna from 3 January to March 2026 (d of suna-contract): as c2, but rows come late and ends pass.

The start answers before the run is written down: for a moment, and in builds of a busy machine for longer,
the run is a 404 (§9.11). Whoever reads its stream may fail it (§3.4), so that nobody does; a run that such a
reader failed goes on, and takes its end back when it is over (§9.26). An agent that is not there gives no
error but a run that nobody can see (§9.12): it is looked up before the start. `optimistic` and `last_id` are
never sent.
"""

import dataclasses

from executions.agent_service import LiveSource, RunStatus, RunView
from executions.suna.wire.native_rows import NativeRows
from executions.suna.wire.profile import Capabilities
from executions.suna.wire.runs import RunRow

WORKER_TIMEOUT = "Worker timeout"
"""What a reader of the stream writes into a run of which it has heard nothing. No code and no status tells it
from the run's own end (suna-contract §3.4)."""


class Suna202601(NativeRows):
    """The profile `2026-01`."""

    name = "2026-01"
    capabilities = Capabilities(
        streams_safely=False,
        lists_runs=True,
        lists_active_runs=True,
        reports_usage=True,
        prompt_before_start=False,
        honours_user_keys=False,
        rows_need_jwt=True,
        checks_agent=True,
        live=LiveSource.ROWS,
        # Suna keeps a note of a run that is not written down yet for 60 s (suna-contract §1.3).
        run_appears_within_s=60.0,
        # It writes rows in batches, at most 5 s late (suna-contract §5).
        rows_follow_within_s=6.0,
    )

    def read_run(self, body: bytes, *, run_id: str) -> RunView:
        """Return one run, and whether its end may be taken back."""
        return _doubt(super().read_run(body, run_id=run_id))

    def read_runs(self, body: bytes, *, place: str) -> tuple[RunRow, ...]:
        """Return the runs of a thread, newest first; one that is not written down yet has little to tell."""
        rows = super().read_runs(body, place=place)
        return tuple(dataclasses.replace(row, view=_doubt(row.view)) for row in rows)


def _doubt(view: RunView) -> RunView:
    doubtful = view.status is RunStatus.FAILED and view.error == WORKER_TIMEOUT
    return dataclasses.replace(view, doubtful=True) if doubtful else view
