"""Staff without a second factor are led to setting one up, instead of into the admin.

Where the site demands it. A password alone that somebody guessed or read would open everybody's teams,
costs and prices. Must stand behind the authentication's middleware.
"""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

_FREE = ("admin-login", "admin:logout", "admin:jsi18n")
"""Of the admin's addresses those that show and change nothing."""


class StaffFactorMiddleware(MiddlewareMixin):
    """Stands before every address below the admin's."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponseBase | None:
        """Send on whoever may enter the admin and has no second factor."""
        if not settings.STAFF_NEEDS_SECOND_FACTOR or not request.path.startswith(reverse("admin:index")):
            return None
        match, user = request.resolver_match, request.user
        if match is None or match.view_name in _FREE or not user.is_authenticated or not user.is_staff:
            return None
        if is_mfa_enabled(user):
            return None
        messages.info(request, _("The admin asks for a second factor. Set one up here, then go back to it."))
        return redirect("mfa_activate_totp")
