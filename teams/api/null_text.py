"""Texts that a column keeps empty where there is none: a client is told null."""

from typing import Any

from rest_framework import serializers


class TextOrNull(serializers.CharField):
    """A text, and null for the empty one: an empty code is no code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"read_only": True, "allow_null": True, **kwargs})

    def to_representation(self, value: Any) -> str | None:  # type: ignore[override]
        """Return the text where there is one."""
        return super().to_representation(value) or None
