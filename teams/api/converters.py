"""What may stand in a path. Anything else is 404, so that no odd spelling reaches a query."""

from django.urls.converters import StringConverter

from teams.workflow.shapes import ID_PATTERN


class VersionNumber:
    """A version's number: digits without a leading zero, small enough for its column."""

    regex = "[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)

    def to_url(self, value: int) -> str:
        """Return its digits."""
        return str(value)


class Slug(StringConverter):
    """A team's slug."""

    regex = "[a-z0-9_-]{1,110}"


class StepId(StringConverter):
    """A step's id, as the workflow language allows it."""

    regex = ID_PATTERN.pattern
