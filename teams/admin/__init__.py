"""Teams, people and agents in the Django admin."""

from teams.admin import agent, api_tokens, audit_entry, foreign_models, invitations, people, team

__all__ = ["agent", "api_tokens", "audit_entry", "foreign_models", "invitations", "people", "team"]
