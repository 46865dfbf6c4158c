"""What a workflow says, in words for people. Pure functions of plain values; gettext gives the language."""

from teams.wording.conditions import condition_words, requirement_words, step_conditions_words
from teams.wording.fields import field_words
from teams.wording.lists import in_words
from teams.wording.titles import step_titles

__all__ = [
    "condition_words",
    "field_words",
    "in_words",
    "requirement_words",
    "step_conditions_words",
    "step_titles",
]
