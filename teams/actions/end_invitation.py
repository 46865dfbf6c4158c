"""Withdrawing an invitation, or declining it."""

from teams.actions.refusal import NotAllowed
from teams.actions.rights import check_staff, may
from teams.models import TeamInvitation, User

REVOKE = "teams.delete_teaminvitation"
"""The right of staff to end invitations, whoever's they are."""


def end_invitation(*, invitation: TeamInvitation, by: User, as_staff: bool = False) -> None:
    """Delete the invitation; one that is gone already changes nothing.

    The team's owner withdraws it, whoever it is addressed to declines it. Raises NotAllowed for anybody else.
    With `as_staff`, the right REVOKE takes the place of both.
    """
    if as_staff:
        check_staff(by, REVOKE)
    else:
        is_mine = TeamInvitation.objects.addressed_to(by).filter(pk=invitation.pk).exists()
        if not is_mine and not may(by, "owner", invitation.team):
            raise NotAllowed("Only the team's owner and whoever is invited end an invitation.")
    invitation.delete()
