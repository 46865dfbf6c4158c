"""Teams and people in the Django admin."""

from teams.admin import api_tokens, audit_entry, foreign_models, invitations, people, team

__all__ = ["api_tokens", "audit_entry", "foreign_models", "invitations", "people", "team"]
