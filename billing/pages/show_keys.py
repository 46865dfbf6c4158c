"""A person's own keys: which there are, what they are for, and the form that stores one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.actions.key_use import KeyUse, TeamServices, services_of_teams, uses_among
from billing.models import UserApiKey
from teams.models import SunaConnection
from teams.pages.signed_in import SignedInRequest, signed_in

USUAL_SERVICES = ("anthropic", "openai", "google", "groq", "openrouter", "tavily")
"""Offered while the name of a service is typed; any other name may be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownKey:
    """One key, and the teams that it goes along with."""

    row: UserApiKey
    uses: list[KeyUse]


@require_safe
@signed_in
def show_keys(request: SignedInRequest) -> HttpResponse:
    """Show them."""
    return keys_page(request, service=request.GET.get("service", "")[:40])


def keys_page(
    request: SignedInRequest, *, service: str = "", problem: str = "", field: str = "", status: int = 200
) -> HttpResponse:
    """Return the page, its form filled with a service; what was typed as a key is never shown again."""
    rows = list(UserApiKey.objects.for_user(request.user))
    teams = services_of_teams(request.user)
    stored = {row.service_name for row in rows}
    sends = SunaConnection.objects.visible_to(request.user).filter(sends_user_keys=True)
    context = {
        "keys": [ShownKey(row=row, uses=uses_among(teams, row.service_name)) for row in rows],
        "wanted": _wanted(teams, stored),
        "is_sent_anywhere": sends.exists(),
        "usual": sorted({*USUAL_SERVICES, *_declared(teams)} - stored),
        "service": service,
        "replaces": service in stored,
        "problem": problem,
        "field": field,
    }
    return render(request, "billing/keys.html", context, status=status)


def _declared(teams: Sequence[TeamServices]) -> set[str]:
    return {service for team in teams for _, services in team.declared for service in services or ()}


def _wanted(teams: Sequence[TeamServices], stored: set[str]) -> list[tuple[str, list[KeyUse]]]:
    """Return the services that teams declare and for which there is no key, each with those teams."""
    return [(service, uses_among(teams, service)) for service in sorted(_declared(teams) - stored)]
