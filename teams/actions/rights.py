"""Who may do what with a team. A stranger is told nothing, not even that the team exists."""

from django.db import connection

from teams.actions.refusal import NotAllowed
from teams.models import Team, User

_RANK = {"viewer": 1, "operator": 2, "editor": 3, "owner": 4}
_HOLD = "SELECT 1 FROM teams_teammembership WHERE team_id = %s AND user_id = %s FOR SHARE"


def may(user: User, role: str, team: Team) -> bool:
    """Whether the user's role in the team is at least `role`."""
    return includes(team.role_of(user), role)


def includes(held: str | None, role: str) -> bool:
    """Whether a role that somebody holds, None for a stranger, is at least `role`."""
    return held is not None and _RANK[held] >= _RANK[role]


def check_role(user: User, role: str, team: Team) -> None:
    """Raise NotAllowed where the user's role in the team is below `role`."""
    if not may(user, role, team):
        raise NotAllowed(f"This needs the role {role} in the team. Ask its owner for it.")


def hold_role(user: User, role: str, team: Team) -> None:
    """Do what `check_role` does, and keep a member's role as it is to the end of the transaction.

    Whoever takes the role away waits for that end, and then sees what was done under it. Members hold it side
    by side.
    """
    if user.pk != team.owner_id:
        with connection.cursor() as cursor:
            cursor.execute(_HOLD, [team.pk, user.pk])
    check_role(user, role, team)


def check_staff(user: User, permission: str) -> None:
    """Raise NotAllowed where the user is no member of staff with that permission, roles aside."""
    if not (user.is_active and user.is_staff and user.has_perm(permission)):
        raise NotAllowed("This needs a right that staff can be given.")
