"""The one form in which a context is handed out, wherever it was read from.

PostgreSQL's jsonb keeps neither the order of keys nor how a number was written; a hash in Redis keeps both.
What a prompt is built from must not depend on which of the two answered.
"""

from decimal import Decimal

from teams.workflow.plan import Json

WRITTEN_WITH_EXPONENT = 1e16
"""From here on Python writes a float with an exponent, and jsonb gives it back as a whole number."""


def in_stored_form(value: Json) -> Json:
    """Return a JSON value as jsonb would give it back, its keys in alphabetical order."""
    if isinstance(value, dict):
        return {key: in_stored_form(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [in_stored_form(item) for item in value]
    if isinstance(value, float):
        if abs(value) >= WRITTEN_WITH_EXPONENT:
            return int(Decimal(repr(value)))
        # There is no negative zero in PostgreSQL.
        return value + 0.0
    return value
