"""Storing and deleting one's own keys from their page. A key that was typed is in no answer."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from billing.actions.delete_user_key import KeyNotFound, delete_user_key
from billing.actions.key_shape import other_service_of
from billing.actions.key_use import uses_of_key
from billing.actions.store_user_key import (
    InvalidKey,
    InvalidService,
    KeyRefused,
    check_service_name,
    store_user_key,
)
from billing.models import UserApiKey
from billing.pages.show_keys import keys_page
from teams.api.throttles import count_on_page
from teams.pages.refused import refused_page
from teams.pages.signed_in import SignedInRequest, signed_in


@sensitive_post_parameters("key")
@sensitive_variables()
@require_POST
@signed_in
def store_key(request: SignedInRequest) -> HttpResponse:
    """Store a key in place of the one that was there, and go back to the keys; else say what is wrong."""
    service, key = request.POST.get("service", "").strip(), request.POST.get("key", "")
    wait_s = _seconds_to_wait(request)
    if wait_s:
        page = keys_page(request, service=service[:40], problem=_wait_words(wait_s), field="key", status=429)
        return _with_wait(page, wait_s)
    try:
        stored = store_user_key(user=request.user, service=service, key=key, now=timezone.now())
    except KeyRefused as refusal:
        return keys_page(
            request,
            service=service[:40],
            problem=_problem_words(refusal),
            field=refusal.field,
            status=refusal.status,
        )
    name = stored.row.service_name
    messages.success(request, _("The key for %(service)s is stored.") % {"service": name})
    other = other_service_of(service=name, key=key.strip())
    if other is not None:
        odd = _("But it looks like a key for %(other)s, not for %(service)s. Compare them, or replace it.")
        messages.warning(request, odd % {"other": other, "service": name})
    return redirect("keys")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def remove_key(request: SignedInRequest, service: str) -> HttpResponse:
    """Show which teams will miss the key; delete it where that was confirmed."""
    try:
        name = check_service_name(service)
        if request.method == "POST":
            wait_s = _seconds_to_wait(request)
            if wait_s:
                page = refused_page(
                    request, sentence=_wait_words(wait_s), status=429, back=reverse("keys"), code="throttled"
                )
                return _with_wait(page, wait_s)
            delete_user_key(user=request.user, service=name)
            messages.success(request, _("The key for %(service)s is deleted.") % {"service": name})
            return redirect("keys")
    except (InvalidService, KeyNotFound):
        raise Http404 from None
    row = UserApiKey.objects.for_user(request.user).filter(service_name=name).first()
    if row is None:
        raise Http404
    context = {"key": row, "uses": uses_of_key(request.user, name)}
    return render(request, "billing/key_delete.html", context)


def _seconds_to_wait(request: SignedInRequest) -> int:
    rate = count_on_page(request.user, "key_changes")
    return rate.reset_s if rate is not None and rate.is_exceeded else 0


def _wait_words(wait_s: int) -> str:
    return _("Too many tries. Wait %(seconds)s seconds, then try again.") % {"seconds": wait_s}


def _with_wait(page: HttpResponse, wait_s: int) -> HttpResponse:
    page.headers["Retry-After"] = str(wait_s)
    return page


def _problem_words(refusal: KeyRefused) -> str:
    if isinstance(refusal, InvalidKey):
        return _(
            "A key has 8 to 4096 letters, digits and signs, no spaces and no line breaks. Copy it again, and "
            "nothing else with it."
        )
    return _("A service's name has 1 to 40 letters, digits and hyphens, such as openai.")
