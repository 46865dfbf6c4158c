"""Giving a team to one of its members."""

import uuid

from django.db import IntegrityError, transaction

from executions.actions.remove_member import find_membership
from executions.models import Execution
from teams.actions.audit import audited
from teams.actions.create_team import TeamNameTaken, find_default_connection
from teams.actions.refusal import Refusal
from teams.actions.rights import check_role
from teams.models import Team, TeamMembership, TeamRole, User


class TeamBusy(Refusal):
    """Executions of the team are going on."""

    code = "team_busy"


@audited("team_handed_over", about="team")
def hand_over_team(*, team: Team, by: User, user_id: uuid.UUID) -> Team:
    """Make the member the owner and the old owner an editor; the team is off until the new one agrees.

    Switching it on is for the owner alone: nobody pays for a team that they did not take. A connection of the
    old owner's stays theirs, and the team gets the new owner's own, else the site's. Raises NotAllowed,
    NoSuchMember, TeamBusy, and TeamNameTaken where the new owner has a team with its slug.
    """
    check_role(by, "owner", team)
    try:
        with transaction.atomic():
            row = Team.objects.select_for_update().get(pk=team.pk)
            check_role(by, "owner", row)
            membership = find_membership(row, user_id)
            if Execution.objects.filter(team=row).unfinished().exists():
                raise TeamBusy(
                    "Executions of the team are going on. Wait for their end or cancel them first."
                )
            heir = membership.user
            membership.delete()
            TeamMembership.objects.create(team=row, user=row.owner, role=TeamRole.EDITOR)
            row.owner, row.payer, row.is_active = heir, None, False
            if row.connection is not None and row.connection.owner_id is not None:
                row.connection = find_default_connection(heir)
            row.save(update_fields=["owner", "payer", "is_active", "connection", "updated_at"])
            row.invitations.all().delete()
    except IntegrityError as error:
        if "team_slug_once_per_owner" not in str(error):
            raise
        raise TeamNameTaken(
            f"They have a team with the slug {team.slug} already. Change this one's."
        ) from None
    return row
