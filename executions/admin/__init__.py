"""Executions, connections and their agents in the Django admin."""

from executions.admin import (
    agent,
    agent_run,
    context_change,
    execution,
    execution_event,
    question,
    suna_connection,
    team_message,
)

__all__ = [
    "agent",
    "agent_run",
    "context_change",
    "execution",
    "execution_event",
    "question",
    "suna_connection",
    "team_message",
]
