"""What is done with a team's members from its page of people."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from executions.actions.change_member_role import change_member_role
from executions.actions.hand_over_team import hand_over_team
from executions.actions.remove_member import remove_member
from teams.actions.refusal import Refusal
from teams.models import TeamRole
from teams.pages.refusal_words import refusal_words
from teams.pages.show_people import people_page
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest, signed_in


@require_POST
@signed_in
def change_role(request: SignedInRequest, team_id: uuid.UUID, user_id: uuid.UUID) -> HttpResponse:
    """Give a member another role."""
    team = find_team(request, team_id)
    role = request.POST.get("role", "")
    if role not in TeamRole.values:
        return people_page(request, team, problem=_("Choose what they may do."), status=400)
    try:
        membership = change_member_role(team=team, by=request.user, user_id=user_id, role=TeamRole(role))
    except Refusal as refusal:
        return people_page(request, team, problem=refusal_words(refusal), status=refusal.status)
    said = _("%(name)s has another role from now on.") % {"name": membership.user.get_username()}
    messages.success(request, said)
    return redirect("team-people", team_id)


@require_POST
@signed_in
def take_out(request: SignedInRequest, team_id: uuid.UUID, user_id: uuid.UUID) -> HttpResponse:
    """Take a member out, or leave the team."""
    team = find_team(request, team_id)
    try:
        remove_member(team=team, by=request.user, user_id=user_id)
    except Refusal as refusal:
        return people_page(request, team, problem=refusal_words(refusal), status=refusal.status)
    if user_id == request.user.pk:
        messages.success(request, _("You have left the team %(team)s.") % {"team": team.name})
        return redirect("team-list")
    messages.success(request, _("They are not in the team any more."))
    return redirect("team-people", team_id)


@require_POST
@signed_in
def hand_over(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Give the team to a member."""
    team = find_team(request, team_id)
    try:
        heir = uuid.UUID(request.POST.get("user", ""))
    except ValueError:
        heir = uuid.UUID(int=0)
    try:
        given = hand_over_team(team=team, by=request.user, user_id=heir)
    except Refusal as refusal:
        return people_page(request, team, problem=refusal_words(refusal), status=refusal.status)
    said = _("The team is %(name)s's now. It is switched off until they switch it on.")
    messages.success(request, said % {"name": given.owner.get_username()})
    return redirect("team-people", team_id)
