"""Deleting a team that never ran. One that did is switched off: its history and what it cost stay."""

from django.db import transaction
from django.db.models import ProtectedError

from teams.actions.audit import record
from teams.actions.refusal import Refusal
from teams.actions.rights import check_role
from teams.models import Team, User


class TeamInUse(Refusal):
    """Executions of the team are kept, and they need it."""

    code = "team_in_use"


def delete_team(*, team: Team, by: User) -> None:
    """Delete the team with its versions, members and invitations. Raises NotAllowed and TeamInUse.

    Only the owner may. Executions, once there are any, keep it until they are pruned; until then it can be
    switched off, which keeps it from being run. Ledger rows outlive the team under its name.
    """
    check_role(by, "owner", team)
    refusal: Refusal | None = None
    try:
        with transaction.atomic():
            held = Team.objects.select_for_update().filter(pk=team.pk).first()
            if held is None:
                return
            # A version that is published protects itself, even from going with its own team.
            Team.objects.filter(pk=team.pk).update(published_version=None)
            held.published_version = None
            record("team_deleted", by=by, about=held)
            held.delete()
    except ProtectedError:
        refusal = TeamInUse(
            "The team has run, and its executions are kept. Switch it off instead: set is_active to false."
        )
    if refusal is not None:
        raise refusal
