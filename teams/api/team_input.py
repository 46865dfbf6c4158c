"""What clients send about teams and workflows."""

from teams.api.fields import Flag, Id, InputSerializer, JsonValue, Text

MAX_DESCRIPTION_CHARS = 2000
MAX_NOTE_CHARS = 500


class NewTeamInput(InputSerializer):
    """A team to be made. Without a connection it gets the person's own, else the site's."""

    name = Text(allow_blank=True)
    description = Text(allow_blank=True, max_length=MAX_DESCRIPTION_CHARS, default="")
    definition = JsonValue()
    connection = Id(required=False, allow_null=True)


class TeamChangeInput(InputSerializer):
    """What is to be changed; what is missing stays as it is."""

    name = Text(allow_blank=True, required=False)
    description = Text(allow_blank=True, max_length=MAX_DESCRIPTION_CHARS, required=False)
    is_active = Flag(required=False)
    connection = Id(required=False)


class NewVersionInput(InputSerializer):
    """A workflow to be saved as the next version."""

    definition = JsonValue()
    note = Text(allow_blank=True, max_length=MAX_NOTE_CHARS, default="")


class ValidationInput(InputSerializer):
    """A workflow to be looked at, in the light of a team's connection where a team is named."""

    definition = JsonValue()
    team = Id(required=False, allow_null=True)
