"""What the ledger is told of a run, from its row or from its record in memory."""

import uuid
from typing import Protocol

from billing.ledger import RunFacts
from executions.models import Execution


class KnownRun(Protocol):
    """A run, as its row and its record both show it."""

    @property
    def id(self) -> uuid.UUID:
        """The id of our row."""
        ...

    @property
    def agent_id(self) -> str:
        """The agent, by the service's id."""
        ...

    @property
    def attempt(self) -> int:
        """Counted from 1."""
        ...

    @property
    def api_key_type(self) -> str:
        """Whose key the model was called with."""
        ...

    @property
    def thread_id(self) -> str | None:
        """The service's thread; None before there is one."""
        ...

    @property
    def suna_run_id(self) -> str | None:
        """The service's run; None before there is one."""
        ...

    @property
    def model_name(self) -> str:
        """The model asked for; empty where none was."""
        ...


def facts_of_run(run: KnownRun, *, execution: Execution, step_id: str) -> RunFacts:
    """Build the facts of a run of an execution whose team and connection are loaded."""
    return RunFacts(
        execution_id=execution.id,
        agent_run_id=run.id,
        connection_id=execution.connection_id,
        agent_id=run.agent_id,
        step_id=step_id,
        attempt=run.attempt,
        team_id=execution.team_id,
        team_name=execution.team.name,
        payer_id=execution.payer_id,
        started_by_id=execution.started_by_id,
        key_owner_id=execution.key_owner_id,
        api_key_type=run.api_key_type,
        wire_profile=execution.connection.wire_profile,
        place=run.thread_id,
        service_run_id=run.suna_run_id,
        model_asked_for=run.model_name or None,
    )
