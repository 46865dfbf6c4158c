"""A form field for JSON that PostgreSQL can store: what cannot be stored is an error of the form."""

from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput, JSONString

from teams.workflow.json_text import JsonTextError, parse_json_text
from teams.workflow.plan import Json


class StrictJSONFormField(forms.JSONField):
    """JSON text, strictly read: no NaN, no NUL, no duplicate keys, and bounds on size and depth.

    Django's own field takes all of these and fails when the row is written, or on showing the form again.
    """

    def to_python(self, value: Any) -> Json:
        """Return the parsed value, None for none; a ValidationError where the text is refused."""
        if self.disabled or not isinstance(value, str):
            return super().to_python(value)
        if value in self.empty_values:
            return None
        try:
            parsed = parse_json_text(value)
        except JsonTextError as error:
            raise forms.ValidationError(error.message, code=error.code) from None
        return JSONString(parsed) if isinstance(parsed, str) else parsed

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return what a form that was refused shows again: the text itself, where it is not our JSON."""
        if self.disabled or not data:
            return super().bound_data(data, initial)
        try:
            return parse_json_text(data)
        except JsonTextError:
            return InvalidJSONInput(data)
