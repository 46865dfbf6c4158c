"""A connection that cannot be opened, as a service that refuses every call for that reason."""

from collections.abc import Callable
from typing import NoReturn

from executions.agent_service import (
    AgentService,
    AgentServiceError,
    AgentView,
    HintsOffered,
    RunRequest,
    RunResult,
    RunView,
    ServiceTraits,
    ToolServer,
    Urgency,
)
from executions.live_output import LiveEvent


class ClosedService(AgentService):
    """Refuses every call, so that a connection's fault ends or delays attempts and never the execution."""

    def __init__(self, refusal: Callable[[], AgentServiceError]) -> None:
        self._refusal = refusal

    @property
    def hints(self) -> HintsOffered:
        """None of them."""
        return HintsOffered()

    @property
    def traits(self) -> ServiceTraits:
        """Those of a service that makes it easy: it is never asked."""
        return ServiceTraits()

    async def prepare_run(self, request: RunRequest) -> str | None:
        """Refuse."""
        self._refuse()

    async def add_prompt(self, request: RunRequest, *, place: str) -> None:
        """Refuse."""
        self._refuse()

    async def start_run(self, request: RunRequest, *, place: str | None) -> RunView:
        """Refuse."""
        self._refuse()

    async def list_runs(self, place: str) -> tuple[RunView, ...]:
        """Refuse."""
        self._refuse()

    async def get_run(self, run_id: str, *, urgency: Urgency = Urgency.POLL) -> RunView:
        """Refuse."""
        self._refuse()

    async def watch_run(self, run_id: str, *, heard: Callable[[int], None]) -> bool:
        """Refuse."""
        self._refuse()

    async def follow_live(self, run_id: str, *, place: str | None, tell: Callable[[LiveEvent], None]) -> None:
        """Refuse."""
        self._refuse()

    async def list_active_runs(self) -> frozenset[str]:
        """Refuse."""
        self._refuse()

    async def get_result(self, run_id: str, *, place: str | None) -> RunResult:
        """Refuse."""
        self._refuse()

    async def mark_whole_answer(self, run_id: str, *, place: str | None, is_over: bool) -> str | None:
        """Refuse."""
        self._refuse()

    async def stop_run(self, run_id: str) -> None:
        """Refuse."""
        self._refuse()

    async def list_agents(self) -> tuple[AgentView, ...]:
        """Refuse."""
        self._refuse()

    async def get_agent(self, agent_id: str) -> AgentView:
        """Refuse."""
        self._refuse()

    async def attach_tools(self, agent_id: str, server: ToolServer) -> tuple[str, ...]:
        """Refuse."""
        self._refuse()

    async def aclose(self) -> None:
        """Close nothing."""

    def _refuse(self) -> NoReturn:
        # A new error each time: one that is raised again and again would collect every traceback.
        raise self._refusal()
