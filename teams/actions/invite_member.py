"""Inviting somebody to a team, by user name or e-mail address."""

import datetime as dt

from django.db import transaction
from django.db.models.functions import Now

from teams.actions.audit import audited
from teams.actions.invitation_limit import take_invitation
from teams.actions.refusal import Refusal, input_problem
from teams.actions.rights import check_role
from teams.models import AddressKind, Team, TeamInvitation, TeamRole, User
from teams.models.team_invitation import folded_email

LIFETIME = dt.timedelta(days=14)
MAX_OPEN = 50


class TooManyInvitations(Refusal):
    """As many invitations of the team are open as may be."""

    code = "too_many_invitations"


class AlreadyMember(Refusal):
    """Whoever is invited is in the team already."""

    code = "already_member"


@audited("member_invited", about="team")
def invite_member(
    *, team: Team, by: User, kind: AddressKind, address: str, role: TeamRole
) -> tuple[TeamInvitation, bool]:
    """Write an invitation down, or renew the one for the same address; return it and whether it is new.

    Nothing tells whether there is such a person: they see it when they ask for their invitations, and are in
    the team once they accept. Only the owner may: whoever runs a team spends its payer's money. Raises
    NotAllowed, InvalidInput, AlreadyMember, InvitedTooOften, TooManyInvitations.
    """
    check_role(by, "owner", team)
    address = _clean(kind, address)
    if kind is AddressKind.USERNAME and _is_in(team, address):
        raise AlreadyMember(f"{address} is in the team already.")
    take_invitation(team=team, by=by, address=address)
    with transaction.atomic():
        # The team's row is the lock under which its invitations are counted.
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        TeamInvitation.objects.filter(team=team, expires_at__lte=Now()).delete()
        others = TeamInvitation.objects.filter(team=team).exclude(kind=kind, address=address)
        if others.count() >= MAX_OPEN:
            message = f"{MAX_OPEN} invitations of the team are open. Withdraw some of them first."
            raise TooManyInvitations(message)
        invitation, is_new = TeamInvitation.objects.update_or_create(
            team=team,
            kind=kind,
            address=address,
            defaults={"role": role, "invited_by": by, "expires_at": Now() + LIFETIME},
        )
    invitation.refresh_from_db()
    return invitation, is_new


def _clean(kind: AddressKind, address: str) -> str:
    pointer = f"/{kind.value}"
    if not address.strip():
        raise input_problem(pointer, "required", "Say who is invited.")
    if address != address.strip() or not address.isprintable():
        raise input_problem(pointer, "invalid_value", "There are spaces or odd characters around it.")
    if kind is AddressKind.USERNAME:
        return address
    name, _, host = address.partition("@")
    if not name or "." not in host or "@" in host or " " in address:
        raise input_problem(pointer, "invalid_value", "This is no e-mail address.")
    return folded_email(address)


def _is_in(team: Team, username: str) -> bool:
    return team.owner.username == username or team.memberships.filter(user__username=username).exists()
