"""A person's own account: how they read Renum, what they are called, and the ways to what else is theirs."""

import zoneinfo
from functools import cache

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from teams.actions.edit_preferences import edit_preferences
from teams.actions.refusal import InvalidInput
from teams.actions.second_factor import has_second_factor
from teams.pages.refusal_words import words_by_field
from teams.pages.signed_in import SignedInRequest, signed_in

FIELDS = ("language", "time_zone", "first_name", "last_name")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def own_account(request: SignedInRequest) -> HttpResponse:
    """Show the account, or change how its person reads Renum and what they are called."""
    user = request.user
    if request.method != "POST":
        return _page(request, {name: getattr(user, name) for name in FIELDS})
    typed = {name: request.POST.get(name, "").strip() for name in FIELDS}
    try:
        edit_preferences(user=user, **typed)
    except InvalidInput as refusal:
        return _page(request, typed, errors=words_by_field(refusal), status=400)
    messages.success(request, _("Your preferences are saved."))
    response = redirect("preferences")
    if typed["language"]:
        # What was chosen at the foot of a page would hide it.
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, typed["language"])
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response


def _page(
    request: SignedInRequest,
    typed: dict[str, str],
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    user = request.user
    addresses = EmailAddress.objects.filter(user=user)
    address = addresses.filter(primary=True).first() or addresses.first()
    context = {
        "typed": typed,
        "errors": errors or {},
        "languages": settings.LANGUAGES,
        "zones": time_zones(),
        "address": address.email if address else user.email,
        "address_confirmed": address.verified if address else bool(user.email),
        "has_second_factor": has_second_factor(user),
        "has_password": user.has_usable_password(),
    }
    return render(request, "teams/preferences.html", context, status=status)


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names of all time zones that places have, in the order of the alphabet."""
    names = zoneinfo.available_timezones()
    return tuple(sorted(name for name in names if "/" in name and not name.startswith(("Etc/", "SystemV/"))))
