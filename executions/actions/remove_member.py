"""Taking somebody out of a team, or leaving it."""

import uuid

from django.db import transaction

from executions.actions.start_rights_lost import cancel_queued_of
from teams.actions.audit import audited
from teams.actions.refusal import Refusal
from teams.actions.rights import check_role
from teams.models import Team, TeamMembership, User


class NoSuchMember(Refusal):
    """Nobody with that id is a member of the team; its owner is none."""

    code = "not_found"
    status = 404


@audited("member_removed", about="team")
def remove_member(*, team: Team, by: User, user_id: uuid.UUID) -> int:
    """End a membership, at once; return how many queued executions of the person were cancelled with it.

    The owner removes anybody, and everybody else themselves. Raises NotAllowed and NoSuchMember.
    """
    if user_id != by.pk:
        check_role(by, "owner", team)
    with transaction.atomic():
        membership = find_membership(team, user_id)
        membership.delete()
        return cancel_queued_of(membership.user, team=team, by=by)


def find_membership(team: Team, user_id: uuid.UUID) -> TeamMembership:
    """Return the membership, locked to the end of the transaction. Raises NoSuchMember."""
    rows = TeamMembership.objects.select_for_update(of=("self",)).select_related("user")
    membership = rows.filter(team=team, user_id=user_id).first()
    if membership is None:
        raise NoSuchMember("Nobody with this id is a member of the team.")
    return membership
