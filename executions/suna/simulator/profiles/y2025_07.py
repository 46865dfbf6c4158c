"""Profile `2025-07`: b0, up to 28 July 2025.

No threads and no messages over REST: a run is started with its prompt by `/agent/initiate`, and what it
said is found in the replay of its stream. What is not said here is as in b1, whose code came from this.
"""

from typing import Any

from executions.suna.simulator.catalogue import CatalogueAgent
from executions.suna.simulator.event_stream import Recording
from executions.suna.simulator.profiles.openapi import build_openapi
from executions.suna.simulator.profiles.operation import Operation
from executions.suna.simulator.profiles.y2025_07_events import build_recording
from executions.suna.simulator.profiles.y2025_07_routes import LISTED_ROUTES
from executions.suna.simulator.profiles.y2025_08 import OPEN, START_BODY_OF_B1, Wire202508
from executions.suna.simulator.run import Run

_START = "/api/thread/{thread_id}/agent/start"


class Wire202507(Wire202508):
    """Suna of July 2025, which the requester has a copy of."""

    name = "2025-07"
    variants = ("b0",)
    reads_api_keys = False

    @property
    def manner(self) -> str:
        """Behave like b1."""
        return "b1"

    def operations(self) -> list[Operation]:
        """Return the routes that a client of this version can use."""
        routes = (
            ("health", "GET", "/api/health", self.health),
            ("agent.start", "POST", "/api/agent/initiate", self.initiate),
            ("agent.start", "POST", _START, self.start),
            ("thread.runs", "GET", "/api/thread/{thread_id}/agent-runs", self.list_thread_runs),
            ("run.get", "GET", "/api/agent-run/{agent_run_id}", self.get_run),
            ("run.stop", "POST", "/api/agent-run/{agent_run_id}/stop", self.stop_run),
            ("run.stream", "GET", "/api/agent-run/{agent_run_id}/stream", self.stream),
            ("agents.list", "GET", "/api/agents", self.list_agents),
            ("agents.create", "POST", "/api/agents", self.create_agent),
            ("agent.get", "GET", "/api/agents/{agent_id}", self.get_agent),
            ("agent.edit", "PUT", "/api/agents/{agent_id}", self.edit_agent),
            *self.account_routes(),
        )
        return [
            Operation(name=name, method=method, path=path, handler=handler, is_open=name in OPEN)
            for name, method, path, handler in routes
        ]

    def openapi(self) -> dict[str, Any]:
        """Return the recorded routes."""
        return build_openapi(LISTED_ROUTES, schemas={f"POST {_START}": START_BODY_OF_B1})

    def recording_of(self, run: Run) -> Recording:
        """Return what the stream of a run says."""
        return build_recording(run, piece_chars=self.world.options.piece_chars)

    def agent_object(self, agent: CatalogueAgent, *, in_list: bool) -> dict[str, Any]:
        """Return an agent; the market place is still in it, and there is no metadata."""
        shown = super().agent_object(agent, in_list=in_list)
        del shown["metadata"]
        return shown | {"marketplace_published_at": None, "download_count": 0}
