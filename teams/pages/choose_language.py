"""The choice of a language at the foot of every page."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.i18n import set_language

from teams.actions.edit_preferences import edit_preferences
from teams.models import User


def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Keep the choice in a cookie, and of who is signed in with their account as well: mails follow that."""
    response: HttpResponseBase = set_language(request)
    chosen = request.POST.get("language", "") if request.method == "POST" else ""
    if isinstance(request.user, User) and chosen in dict(settings.LANGUAGES):
        edit_preferences(user=request.user, language=chosen)
    return response
