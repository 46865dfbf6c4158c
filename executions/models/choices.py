"""Closed status enums of the engine as Django's choices."""

from enum import StrEnum


def choices_of(statuses: type[StrEnum]) -> list[tuple[str, str]]:
    """Return (value, words) for each member of an enum."""
    return [(status.value, status.value.replace("_", " ")) for status in statuses]
