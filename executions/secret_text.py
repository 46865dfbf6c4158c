"""A text that must not be shown, logged or stored by accident. Pure."""

from typing import Any


class SecretText:
    """A secret that shows itself to nobody by accident: no repr, no str, no pickle, no format."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "SecretText(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> Any:
        raise TypeError("a SecretText is never serialised")
