"""The members of a team. They come by invitation; here they are listed, and get roles or the team.

It stands here because whoever loses the right to run a team loses their queued executions with it.
"""

import uuid

from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.change_member_role import change_member_role
from executions.actions.hand_over_team import TeamBusy, hand_over_team
from executions.actions.remove_member import remove_member
from teams.actions.create_team import TeamNameTaken
from teams.actions.refusal import NotAllowed
from teams.api.authentication import person
from teams.api.declared import NOTHING, Answer, page
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.api.invitation_output import MemberOutput
from teams.api.tagged_team import tagged_team
from teams.api.team_input import HandOverInput, MemberInput
from teams.api.team_output import TeamDetailOutput
from teams.api.teams_seen import find_team
from teams.models import TeamRole


class TeamMembers(Endpoint):
    """The members of one team; its owner is none of them."""

    query = PAGE
    answers = {"GET": page(MemberOutput)}

    def get(self, request: Request, team_id: uuid.UUID) -> Response:
        """List them to each other, newest first."""
        rows = find_team(person(request), team_id).memberships.select_related("user")
        return page_of(rows, request, MemberOutput)


class TeamMember(Endpoint):
    """One member."""

    inputs = {"PATCH": MemberInput}
    answers = {"PATCH": Answer(body=MemberOutput), "DELETE": NOTHING}
    refuses = {"PATCH": (NotAllowed,), "DELETE": (NotAllowed,)}

    def patch(self, request: Request, team_id: uuid.UUID, user_id: uuid.UUID) -> Response:
        """Give them another role, from now on."""
        team = find_team(person(request), team_id)
        role = TeamRole(read_body(request, MemberInput)["role"])
        membership = change_member_role(team=team, by=person(request), user_id=user_id, role=role)
        return Response(MemberOutput(membership).data)

    def delete(self, request: Request, team_id: uuid.UUID, user_id: uuid.UUID) -> Response:
        """Take them out of the team, or leave it."""
        remove_member(team=find_team(person(request), team_id), by=person(request), user_id=user_id)
        return Response(status=204)


class TeamHandOver(Endpoint):
    """Giving one team to a member."""

    inputs = {"POST": HandOverInput}
    answers = {"POST": Answer(body=TeamDetailOutput, headers=("ETag",))}
    refuses = {"POST": (NotAllowed, TeamBusy, TeamNameTaken)}

    def post(self, request: Request, team_id: uuid.UUID) -> Response:
        """Make a member its owner; the old one stays as an editor. It is off until the new one agrees."""
        team = find_team(person(request), team_id)
        heir = read_body(request, HandOverInput)["user"]
        hand_over_team(team=team, by=person(request), user_id=heir)
        return tagged_team(request, team_id)
