"""The invitations that are for the reader: a list, and what to do with each."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from teams.actions.accept_invitation import InvitationGone, accept_invitation
from teams.actions.end_invitation import end_invitation
from teams.models import TeamInvitation
from teams.pages.refused import refused_page
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.wording.roles import role_words

MOST_SHOWN = 100


@require_safe
@signed_in
def list_invitations(request: SignedInRequest) -> HttpResponse:
    """Show them, newest first."""
    rows = TeamInvitation.objects.addressed_to(request.user).select_related("team__owner", "invited_by")
    shown = [(row, role_words(row.role)) for row in rows.order_by("-id")[:MOST_SHOWN]]
    return render(request, "teams/invitations.html", {"invitations": shown})


@require_POST
@signed_in
def accept(request: SignedInRequest, invitation_id: uuid.UUID) -> HttpResponse:
    """Join the team and go to its page."""
    invitation = _find(request, invitation_id)
    try:
        membership = accept_invitation(invitation=invitation, by=request.user)
    except InvitationGone as refusal:
        sentence = _("This invitation is not there any more.")
        return refused_page(request, sentence=sentence, status=refusal.status, back="/invitations/")
    said = _("You are in the team %(team)s now. You %(role)s.")
    # Who is the owner has no invitation of their own team: the role is one of a member.
    named = {"team": invitation.team.name, "role": role_words(membership.role)}
    messages.success(request, said % named)
    return redirect("team", invitation.team_id)


@require_POST
@signed_in
def decline(request: SignedInRequest, invitation_id: uuid.UUID) -> HttpResponse:
    """Decline it."""
    end_invitation(invitation=_find(request, invitation_id), by=request.user)
    messages.success(request, _("The invitation is declined."))
    return redirect("invitation-list")


def _find(request: SignedInRequest, invitation_id: uuid.UUID) -> TeamInvitation:
    rows = TeamInvitation.objects.addressed_to(request.user).select_related("team")
    return get_object_or_404(rows, pk=invitation_id)
