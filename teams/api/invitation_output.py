"""What clients get about invitations and members."""

from rest_framework import serializers

from teams.api.team_output import PersonOutput
from teams.models import Team, TeamInvitation, TeamMembership


class InvitingTeamOutput(serializers.ModelSerializer[Team]):
    """A team as whoever is invited to it sees it."""

    owner = PersonOutput()

    class Meta:
        model = Team
        fields = ["id", "name", "owner"]


class InvitationOutput(serializers.ModelSerializer[TeamInvitation]):
    """An invitation as the team's owner sees it: nothing in it says whether there is such a person."""

    class Meta:
        model = TeamInvitation
        fields = ["id", "kind", "address", "role", "created_at", "expires_at"]


class OwnInvitationOutput(serializers.ModelSerializer[TeamInvitation]):
    """An invitation as whoever it is for sees it."""

    team = InvitingTeamOutput()
    invited_by = PersonOutput(allow_null=True)

    class Meta:
        model = TeamInvitation
        fields = ["id", "team", "role", "invited_by", "created_at", "expires_at"]


class MemberOutput(serializers.ModelSerializer[TeamMembership]):
    """A member: `user.id` is what a member is addressed by."""

    user = PersonOutput()

    class Meta:
        model = TeamMembership
        fields = ["user", "role", "created_at"]


class JoinedOutput(MemberOutput):
    """A membership that an invitation became, and the id of its team."""

    team = serializers.UUIDField(source="team_id")

    class Meta(MemberOutput.Meta):
        fields = [*MemberOutput.Meta.fields, "team"]
