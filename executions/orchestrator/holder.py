"""The driver, as far as one execution that it holds knows it."""

import datetime as dt
import uuid
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from executions.orchestrator.agent_models import AgentModels
from executions.orchestrator.changes import Changes, Committed
from executions.orchestrator.connections import Current
from executions.orchestrator.gate import Gate
from executions.orchestrator.hints import Hints
from executions.orchestrator.live_runs import LiveRuns
from executions.orchestrator.open_starts import OpenStarts
from executions.orchestrator.purse import BudgetLook
from teams.models import SunaConnection

T = TypeVar("T")


class Holder(Protocol):
    """The driver, as an execution sees it."""

    @property
    def driver_id(self) -> uuid.UUID:
        """The id that fences every write."""
        ...

    def may_start(self) -> bool:
        """Whether the lease surely holds long enough for a start."""
        ...

    def now(self) -> dt.datetime:
        """PostgreSQL's time."""
        ...

    @property
    def hints(self) -> Hints:
        """What tells that runs may be over."""
        ...

    @property
    def live(self) -> LiveRuns:
        """What is shown of runs while they go on."""
        ...

    @property
    def models(self) -> AgentModels:
        """What is known of agents' models."""
        ...

    @property
    def open_starts(self) -> OpenStarts:
        """The starts under way that nobody could look up."""
        ...

    @property
    def budgets(self) -> BudgetLook:
        """Whether there are budgets."""
        ...

    async def commit(self, changes: Changes) -> Committed:
        """Write changes with whatever else is pending."""
        ...

    def gate_of(self, connection: SunaConnection) -> Gate:
        """Return the gate on the starts of a connection."""
        ...

    async def look_again(self, connection: SunaConnection) -> None:
        """Find out anew which version of the service a connection leads to, if nobody just did."""
        ...

    async def read_connection(self, connection_id: uuid.UUID) -> Current:
        """Return a connection as it stands now."""
        ...

    def settled(self, execution_id: uuid.UUID) -> None:
        """Take note that an execution has taken a turn."""
        ...

    def charge(self, execution_id: uuid.UUID, work: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        """Return work whose crash is charged to the execution."""
        ...
