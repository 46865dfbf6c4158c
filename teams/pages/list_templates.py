"""The gallery: ready-made teams to begin with."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from teams.gallery import DEFAULT_LANGUAGE, list_templates
from teams.pages.signed_in import SignedInRequest, signed_in


@require_safe
@signed_in
def list_team_templates(request: SignedInRequest) -> HttpResponse:
    """Show every template with what it does and whom it needs."""
    rows = list_templates(get_language() or DEFAULT_LANGUAGE)
    return render(request, "teams/template_list.html", {"templates": rows})
