"""Inviting people to a team and withdrawing it, from its page of people."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from teams.actions.end_invitation import end_invitation
from teams.actions.invite_member import invite_member
from teams.actions.mail_invitation import mail_invitation
from teams.actions.refusal import Refusal
from teams.models import AddressKind, TeamInvitation, TeamRole
from teams.pages.refusal_words import refusal_words
from teams.pages.show_people import people_page
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest, signed_in


@require_POST
@signed_in
def invite(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Invite somebody, or invite them again: what holds an @ is an e-mail address."""
    team = find_team(request, team_id)
    typed = {"who": request.POST.get("who", "").strip(), "role": request.POST.get("role", "")}
    kind = AddressKind.EMAIL if "@" in typed["who"] else AddressKind.USERNAME
    if request.POST.get("kind") in AddressKind.values:
        kind = AddressKind(request.POST["kind"])
    if typed["role"] not in TeamRole.values:
        return people_page(request, team, typed=typed, problem=_("Choose what they may do."), status=400)
    if len(typed["who"]) > (254 if kind is AddressKind.EMAIL else 150):
        return people_page(request, team, typed=typed, problem=_("That is too long for a name."), status=400)
    try:
        invitation, _is_new = invite_member(
            team=team, by=request.user, kind=kind, address=typed["who"], role=TeamRole(typed["role"])
        )
    except Refusal as refusal:
        problem = refusal_words(refusal)
        return people_page(request, team, typed=typed, problem=problem, status=refusal.status)
    page_url = request.build_absolute_uri(reverse("invitation-list"))
    if mail_invitation(invitation, page_url=page_url):
        said = _("%(who)s is invited for two weeks, and a mail says so.")
    else:
        said = _("%(who)s is invited for two weeks. Tell them: they find it under Invitations.")
    messages.success(request, said % {"who": invitation.address})
    return redirect("team-people", team_id)


@require_POST
@signed_in
def withdraw(request: SignedInRequest, team_id: uuid.UUID, invitation_id: uuid.UUID) -> HttpResponse:
    """Withdraw an invitation."""
    team = find_team(request, team_id)
    invitation = get_object_or_404(TeamInvitation.objects.select_related("team"), pk=invitation_id, team=team)
    try:
        end_invitation(invitation=invitation, by=request.user)
    except Refusal as refusal:
        return people_page(request, team, problem=refusal_words(refusal), status=refusal.status)
    messages.success(request, _("The invitation is withdrawn."))
    return redirect("team-people", team_id)
