"""Executions and connections in the Django admin."""

from executions.admin import agent_run, execution, execution_event, question, suna_connection, team_message

__all__ = ["agent_run", "execution", "execution_event", "question", "suna_connection", "team_message"]
