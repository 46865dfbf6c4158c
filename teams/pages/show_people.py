"""The people of a team: who is in it with which role, and who is invited."""

import uuid
from collections.abc import Mapping

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from teams.actions.rights import may
from teams.models import Team, TeamRole
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.wording.roles import ROLE_WORDS, role_words

MOST_SHOWN = 500


@require_safe
@signed_in
def show_people(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Show them."""
    return people_page(request, find_team(request, team_id))


def people_page(
    request: SignedInRequest,
    team: Team,
    *,
    typed: Mapping[str, str] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """Return the page; after a refusal with what was typed in and why it was refused."""
    members = team.memberships.select_related("user").order_by("user__username")[:MOST_SHOWN]
    is_owner = may(request.user, "owner", team)
    context = {
        "team": team,
        "members": [(member, role_words(member.role)) for member in members],
        "is_owner": is_owner,
        "may_edit": may(request.user, "editor", team),
        "invitations": [
            (invitation, role_words(invitation.role))
            for invitation in (team.invitations.open().order_by("-id") if is_owner else ())
        ],
        "roles": [(role, ROLE_WORDS[role]) for role in TeamRole.values],
        "typed": typed or {"role": TeamRole.OPERATOR.value},
        "problem": problem,
    }
    return render(request, "teams/people.html", context, status=status)
