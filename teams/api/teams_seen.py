"""Which teams a person sees through the API, in a fixed number of queries."""

import uuid

from django.db.models import Prefetch, QuerySet
from django.http import Http404

from teams.models import Team, TeamMembership, User


def teams_of(user: User) -> QuerySet[Team]:
    """Return the user's teams with their owners; `own_membership` lists the user's own, if there is one."""
    own = user.team_memberships.all()
    return (
        Team.objects.for_user(user)
        .select_related("owner", "payer")
        .prefetch_related(Prefetch("memberships", queryset=own, to_attr="own_membership"))
    )


def find_team(user: User, team_id: uuid.UUID) -> Team:
    """Return the team with workflow and connection; Http404 where it is absent or not the user's to see."""
    teams = (
        teams_of(user)
        .select_related("connection", "published_version__author")
        # A credential is decrypted when it is read, and no answer needs one.
        .defer("connection__sealed_credential")
    )
    team = teams.filter(pk=team_id).first()
    if team is None:
        raise Http404
    return team


def role_in(team: Team, user: User) -> str:
    """Return the user's role in a team that `teams_of` loaded."""
    if team.owner_id == user.pk:
        return "owner"
    membership: TeamMembership = team.own_membership[0]  # type: ignore[attr-defined]
    return membership.role
