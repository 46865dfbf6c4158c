"""Accepting an invitation to a team."""

from django.db import transaction

from teams.actions.audit import audited
from teams.actions.refusal import Refusal
from teams.actions.rights import includes
from teams.models import TeamInvitation, TeamMembership, User


class InvitationGone(Refusal):
    """The invitation was withdrawn, has expired, or was accepted in this very moment."""

    code = "not_found"
    status = 404


@audited("invitation_accepted")
def accept_invitation(*, invitation: TeamInvitation, by: User) -> TeamMembership:
    """Make the person a member with the role that was offered, and use the invitation up.

    Whoever is a member already keeps their role where it is the higher one: only who may remove them makes it
    less (`executions.actions.remove_member`). Raises InvitationGone where the invitation is
    not for the person, or not there any more.
    """
    with transaction.atomic():
        rows = TeamInvitation.objects.addressed_to(by).select_for_update(of=("self",))
        held = rows.select_related("team").filter(pk=invitation.pk).first()
        if held is None:
            raise InvitationGone("This invitation is not there any more.")
        membership, is_new = TeamMembership.objects.select_for_update(no_key=True).get_or_create(
            team=held.team, user=by, defaults={"role": held.role}
        )
        if not is_new and not includes(membership.role, held.role):
            membership.role = held.role
            membership.save(update_fields=["role"])
        held.delete()
    return membership
