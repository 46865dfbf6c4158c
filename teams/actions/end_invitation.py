"""Withdrawing an invitation, or declining it."""

from teams.actions.refusal import NotAllowed
from teams.actions.rights import may
from teams.models import TeamInvitation, User


def end_invitation(*, invitation: TeamInvitation, by: User) -> None:
    """Delete the invitation; one that is gone already changes nothing.

    The team's owner withdraws it, whoever it is addressed to declines it. Raises NotAllowed for anybody else.
    """
    is_mine = TeamInvitation.objects.addressed_to(by).filter(pk=invitation.pk).exists()
    if not is_mine and not may(by, "owner", invitation.team):
        raise NotAllowed("Only the team's owner and whoever is invited end an invitation.")
    invitation.delete()
