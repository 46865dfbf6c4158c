"""Teams, people and agents in the Django admin."""

from teams.admin import agent, foreign_models, people, team

__all__ = ["agent", "foreign_models", "people", "team"]
