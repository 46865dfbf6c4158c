"""Input that is taken as it is or refused: no text for a number, no unknown member, no trimming."""

import uuid
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from teams.api.query import CANONICAL_UUID
from teams.workflow.plan import Json

MAX_UNKNOWN_REPORTED = 20


class InputSerializer(serializers.Serializer[Any]):
    """A body: an object with the declared members and no others."""

    default_error_messages = {"invalid": "The body must be a JSON object."}

    def to_internal_value(self, data: Any) -> Any:
        """Read every member, so that all that is wrong is told at once."""
        unknown: dict[str, Any] = {}
        if isinstance(data, Mapping):
            names = [name for name in data if name not in self.fields][:MAX_UNKNOWN_REPORTED]
            unknown = {name: [_unknown_member()] for name in names}
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            if isinstance(error.detail, dict):
                raise ValidationError({**error.detail, **unknown}) from None
            raise
        if unknown:
            raise ValidationError(unknown)
        return values


class Text(serializers.CharField):
    """A text, kept byte for byte; whoever wants it trimmed does so in the action."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        """Refuse everything that is not a text."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Choice(serializers.ChoiceField):
    """One of some words."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse without repeating what was sent."""
        if not isinstance(data, str) or data not in self.choices:
            words = ", ".join(str(choice) for choice in self.choices)
            raise ValidationError(f"Must be one of {words}.", code="invalid_value")
        return data


class Flag(serializers.BooleanField):
    """true or false; no word, no number."""

    def to_internal_value(self, data: Any) -> bool:
        """Refuse everything that is not a JSON boolean."""
        if not isinstance(data, bool):
            raise ValidationError("Must be true or false.", code="wrong_type")
        return data


class WholeNumber(serializers.IntegerField):
    """A JSON integer: not 1.0, not "1", not true."""

    def to_internal_value(self, data: Any) -> int:
        """Refuse everything that is not a whole number."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class Id(serializers.UUIDField):
    """An id as Renum writes it: a text in canonical lower-case form."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        """Refuse every other spelling of a UUID."""
        if not isinstance(data, str) or not CANONICAL_UUID.fullmatch(data):
            raise ValidationError("Must be an id in lower case, with its hyphens.", code="invalid_value")
        return uuid.UUID(data)


class JsonValue(serializers.Field[Json, Any, Json, Any]):
    """Any JSON value, null too, as the parser read it; judged by the action."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"allow_null": True, **kwargs})

    def to_internal_value(self, data: Any) -> Json:
        """Return the value itself."""
        return data

    def to_representation(self, value: Json) -> Json:
        """Return the value itself."""
        return value


def _unknown_member() -> ErrorDetail:
    return ErrorDetail("There is no such member here.", code="unknown_field")
