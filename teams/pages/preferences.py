"""The language and the time zone in which a signed-in person reads pages.

Must stand behind the authentication's middleware. Whoever chose a language on the page keeps it: the choice
is a cookie, and comes before what the person's account says.
"""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from django.utils.deprecation import MiddlewareMixin

from teams.models import User


class PreferencesMiddleware(MiddlewareMixin):
    """Activates both for a request, and the site's time zone after it."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        """Activate what the account says. Before any view, so that pages of errors follow it too."""
        # Without a session's cookie nobody is signed in, and nothing is asked of the database.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return
        activate_for(request.user, has_chosen=settings.LANGUAGE_COOKIE_NAME in request.COOKIES)
        request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Go back to the site's time zone: the thread serves somebody else next."""
        timezone.deactivate()
        return response


def activate_for(user: User, *, has_chosen: bool) -> None:
    """Activate the user's time zone and, where they chose none on the page, their language."""
    if user.language and not has_chosen:
        translation.activate(user.language)
    if user.time_zone:
        try:
            timezone.activate(zoneinfo.ZoneInfo(user.time_zone))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            # A name that this machine's data does not have: times are shown in the site's zone.
            timezone.deactivate()
