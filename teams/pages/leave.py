"""The page between a link in somebody's text and where it leads: it shows the whole address and asks."""

from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from teams.markdown.leaving import NotLeavable, read_signed
from teams.pages.signed_in import SignedInRequest, signed_in


@require_safe
@signed_in
def leave(request: SignedInRequest) -> HttpResponse:
    """Show where a link leads; only a click goes there, and it says nothing about whence."""
    try:
        address = read_signed(request.GET.get("to", ""))
    except NotLeavable:
        address = None
    context = {"address": address, "back": _came_from(request)}
    response = render(request, "teams/leave.html", context, status=400 if address is None else 200)
    response["Referrer-Policy"] = "no-referrer"
    response["X-DNS-Prefetch-Control"] = "off"
    return response


def _came_from(request: SignedInRequest) -> str:
    """Return the page with the link, where it is one of ours."""
    came = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(
        came, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return reverse("start")
    parts = urlsplit(came)
    is_loop = parts.path == request.path or not parts.path
    return reverse("start") if is_loop else parts._replace(scheme="", netloc="").geturl()
