"""Giving a member of a team another role."""

import uuid

from django.db import transaction

from executions.actions.remove_member import find_membership
from executions.actions.start_rights_lost import cancel_queued_of
from teams.actions.audit import audited
from teams.actions.rights import check_role, includes
from teams.models import Team, TeamMembership, TeamRole, User


@audited("member_role_changed")
def change_member_role(*, team: Team, by: User, user_id: uuid.UUID, role: TeamRole) -> TeamMembership:
    """Change the role, at once. Whoever may not run the team any more has their queued executions cancelled.

    Raises NotAllowed for anybody but the owner, and NoSuchMember.
    """
    check_role(by, "owner", team)
    with transaction.atomic():
        membership = find_membership(team, user_id)
        membership.role = role
        membership.save(update_fields=["role"])
        if not includes(role, "operator"):
            cancel_queued_of(membership.user, team=team, by=by)
    return membership
