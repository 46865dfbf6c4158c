"""Invitations: made and withdrawn by a team's owner, accepted or declined by whoever they are for."""

import uuid

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from teams.actions.accept_invitation import accept_invitation
from teams.actions.end_invitation import end_invitation
from teams.actions.invitation_limit import InvitedTooOften
from teams.actions.invite_member import AlreadyMember, TooManyInvitations, invite_member
from teams.actions.mail_invitation import mail_invitation
from teams.actions.refusal import NotAllowed, input_problem
from teams.actions.rights import check_role
from teams.api.authentication import person
from teams.api.declared import NOTHING, Answer, page
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.api.fields import InputSerializer
from teams.api.invitation_output import InvitationOutput, JoinedOutput, OwnInvitationOutput
from teams.api.team_input import InvitationInput
from teams.api.teams_seen import find_team
from teams.models import AddressKind, TeamInvitation, TeamRole, User


class NothingInput(InputSerializer):
    """No members at all."""


class TeamInvitations(Endpoint):
    """The open invitations of one team."""

    query = PAGE
    inputs = {"POST": InvitationInput}
    answers = {
        "GET": page(InvitationOutput),
        "POST": (Answer(body=InvitationOutput), Answer(status=201, body=InvitationOutput)),
    }
    refuses = {"GET": (NotAllowed,), "POST": (NotAllowed, AlreadyMember, TooManyInvitations, InvitedTooOften)}

    def get(self, request: Request, team_id: uuid.UUID) -> Response:
        """List them to the owner, newest first."""
        team = find_team(person(request), team_id)
        check_role(person(request), "owner", team)
        return page_of(team.invitations.open(), request, InvitationOutput)

    def post(self, request: Request, team_id: uuid.UUID) -> Response:
        """Invite somebody, or renew their invitation. It never says whether there is such a person."""
        team = find_team(person(request), team_id)
        body = read_body(request, InvitationInput)
        kind = _kind_of(body)
        invitation, is_new = invite_member(
            team=team, by=person(request), kind=kind, address=body[kind.value], role=TeamRole(body["role"])
        )
        mail_invitation(invitation, page_url=request.build_absolute_uri("/invitations/"))
        return Response(InvitationOutput(invitation).data, status=201 if is_new else 200)


class InvitationList(Endpoint):
    """The open invitations for whoever asks."""

    query = PAGE
    answers = {"GET": page(OwnInvitationOutput)}

    def get(self, request: Request) -> Response:
        """List them, newest first."""
        rows = TeamInvitation.objects.addressed_to(person(request)).select_related(
            "team__owner", "invited_by"
        )
        return page_of(rows, request, OwnInvitationOutput)


class InvitationDetail(Endpoint):
    """One invitation, for whoever made it or got it."""

    answers = {"DELETE": NOTHING}

    def delete(self, request: Request, invitation_id: uuid.UUID) -> Response:
        """Withdraw it, or decline it."""
        end_invitation(invitation=_find(person(request), invitation_id), by=person(request))
        return Response(status=204)


class InvitationAcceptance(Endpoint):
    """One invitation, accepted by whoever it is for."""

    inputs = {"POST": NothingInput}
    answers = {"POST": Answer(body=JoinedOutput)}

    def post(self, request: Request, invitation_id: uuid.UUID) -> Response:
        """Join the team."""
        read_body(request, NothingInput)
        invitation = _find(person(request), invitation_id)
        membership = accept_invitation(invitation=invitation, by=person(request))
        return Response(JoinedOutput(membership).data)


def _find(user: User, invitation_id: uuid.UUID) -> TeamInvitation:
    """Return an invitation that is for the user or of a team of theirs; Http404 for any other."""
    rows = TeamInvitation.objects.for_user(user).select_related("team")
    invitation = rows.filter(pk=invitation_id).first()
    if invitation is None:
        raise Http404
    return invitation


def _kind_of(body: dict[str, object]) -> AddressKind:
    given = [kind for kind in AddressKind if kind.value in body]
    if len(given) != 1:
        raise input_problem("", "required", "Say who is invited: either a username or an email.")
    return given[0]
