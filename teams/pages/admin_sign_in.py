"""The admin's own address for signing in: the same door as everywhere, second factor and all."""

from allauth.account.views import login
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache


@never_cache
def sign_in_to_admin(request: HttpRequest) -> HttpResponseBase:
    """Lead to the page that signs in, or take what was sent here; refuse who is no staff."""
    next_page = _next_of(request)
    if request.user.is_authenticated:
        if not admin.site.has_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(next_page)
    if request.method == "POST":
        response: HttpResponseBase = login(request)
        return response
    return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': next_page})}")


def _next_of(request: HttpRequest) -> str:
    given = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        given, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return given if is_ours else reverse("admin:index")
