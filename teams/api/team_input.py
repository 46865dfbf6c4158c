"""What clients send about teams and workflows."""

from teams.api.fields import Choice, Flag, Id, InputSerializer, JsonValue, Text
from teams.models import TeamRole

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
    slug = Text(allow_blank=True, max_length=110, required=False)
    description = Text(allow_blank=True, max_length=MAX_DESCRIPTION_CHARS, required=False)
    is_active = Flag(required=False)
    record_content = Flag(required=False)
    connection = Id(required=False)


class NewVersionInput(InputSerializer):
    """A workflow to be saved as the next version."""

    definition = JsonValue()
    note = Text(allow_blank=True, max_length=MAX_NOTE_CHARS, default="")


class ValidationInput(InputSerializer):
    """A workflow to be looked at, in the light of a team's connection where a team is named."""

    definition = JsonValue()
    team = Id(required=False, allow_null=True)


class RestoredVersionInput(InputSerializer):
    """A saved workflow to be published again."""

    note = Text(allow_blank=True, max_length=MAX_NOTE_CHARS, default="")


class InvitationInput(InputSerializer):
    """Who is invited, by exactly one of the two, and as what."""

    username = Text(max_length=150, required=False)
    email = Text(max_length=254, required=False)
    role = Choice(choices=TeamRole.values, default=TeamRole.VIEWER.value)


class MemberInput(InputSerializer):
    """A member's new role."""

    role = Choice(choices=TeamRole.values)


class HandOverInput(InputSerializer):
    """The member who is to own the team, by the id of the person."""

    user = Id()


class AppliedTeamInput(InputSerializer):
    """A document as the export writes it, and what to make of it here.

    `agent_ids` says for ids of the document's agents which of the connection's agents to take. What is
    missing stays as it is, or gets what a new team gets.
    """

    renum = Text(max_length=50, required=False)
    name = Text(allow_blank=True, required=False)
    slug = Text(max_length=110, required=False)
    description = Text(allow_blank=True, max_length=MAX_DESCRIPTION_CHARS, required=False)
    agents = JsonValue(required=False)
    definition = JsonValue()
    connection = Id(required=False, allow_null=True)
    agent_ids = JsonValue(required=False)
    note = Text(allow_blank=True, max_length=MAX_NOTE_CHARS, default="")


class TeamDocumentInput(AppliedTeamInput):
    """The same where a team is made: then it needs a form that is known, and a name."""

    renum = Text(max_length=50)
    name = Text(allow_blank=True)
