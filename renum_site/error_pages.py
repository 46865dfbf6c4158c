"""Pages of errors that no view of ours made, in the reader's language and in the frame of all pages.

They ask neither the database nor Redis: either may be what is broken. Below /api/ the errors are problem+json
(renum_site/api_errors.py), and under /admin/ they are Django's own.
"""

import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from renum_site.api_errors import is_of_the_api
from teams.models.encrypted_text import Undecryptable

RETRY_AFTER_S = 5
_TOO_MUCH = _("Send less at once: a shorter text, or a smaller file.")
_LATER = _("Try again in a few seconds. What runs goes on meanwhile.")
# Status: title, what happened, what to do.
_WORDS: Mapping[int, tuple[Any, Any, Any]] = {
    400: (
        _("Request not understood"),
        _("The address or the form holds something that Renum does not take."),
        _("Go back and look at what you wrote; a link that somebody sent you may be cut off."),
    ),
    403: (
        _("Not allowed"),
        _("Your account does not allow that."),
        _(
            "Somebody with more rights can do it, or give you the right: the owner of the team, or "
            "whoever runs "
            "Renum here."
        ),
    ),
    404: (
        _("Not found"),
        _("There is nothing at this address, or nothing that you may see."),
        _(
            "Look whether the address is whole. If somebody gave it to you, ask them to share the "
            "team with you."
        ),
    ),
    405: (
        _("Not an address to open"),
        _("This address only takes a form that is sent. Nothing was done."),
        _("Go back to the page with the button, and press it there."),
    ),
    408: (
        _("It took too long"),
        _("What you sent did not arrive in time. Nothing was done."),
        _("Look at your connection to the internet, and send it again."),
    ),
    413: (_("Too large"), _("What you sent is larger than Renum takes. Nothing was done."), _TOO_MUCH),
    429: (_("Too many requests"), _("You asked more often than Renum answers."), _LATER),
    431: (
        _("Too many cookies"),
        _("Your browser sends more with each request than Renum takes."),
        _("Delete the cookies of this site, and sign in again."),
    ),
    500: (
        _("Something went wrong"),
        _("Renum made an error. It was written down."),
        _("Try again in a moment. If it happens again, tell whoever runs Renum here when it was."),
    ),
    503: (_("Not now"), _("Renum is busy or cannot reach a part of itself."), _LATER),
}
# The same as at the API (teams/api/problems.py): a part of Renum is missing, if only the key of a secret.
_AWAY = (OperationalError, InterfaceError, ConnectionInterrupted, RedisError, Undecryptable)
Answer = Callable[[HttpRequest], HttpResponse]


class ErrorPagesMiddleware:
    """Gives a page to each error that came without one: a method that is not taken, a request too large."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a request; what a view says in HTML or for a program stays as it is."""
        response = self.get_response(request)
        path = request.path_info
        if response.status_code in _WORDS and not response.streaming and _is_for_people(path):
            kind = response.headers.get("Content-Type", "")
            if not response.content or kind.startswith("text/plain"):
                response.content = error_page(response.status_code, translation.get_language() or "en")
                response.headers["Content-Type"] = "text/html; charset=utf-8"
        return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer where a view failed: 503 where PostgreSQL or Redis does not answer, with when to ask again."""
    is_away = isinstance(sys.exc_info()[1], _AWAY) and not is_of_the_api(request.path_info)
    status = 503 if is_away else 500
    # The account's language would have to be asked for.
    page = error_page(status, translation.get_language_from_request(request))
    response = HttpResponse(page, status=status)
    if is_away:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


@cache
def error_page(status: int, language: str) -> str:
    """Return the page of an error in a language of the settings; there are few of them, so each is kept."""
    title, sentence, advice = _WORDS.get(status, _WORDS[500 if status >= 500 else 400])
    with translation.override(language):
        said = {"status": status, "title": title, "sentence": sentence, "advice": advice}
        return render_to_string("error.html", said)


def language_of_headers(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the reader's language by an ASGI scope's headers: the cookie's, else the browser's."""
    request = HttpRequest()
    for name, value in headers:
        if name == b"accept-language":
            request.META["HTTP_ACCEPT_LANGUAGE"] = value.decode("latin-1")[:500]
        elif name == b"cookie":
            cookies = SimpleCookie()
            try:
                cookies.load(value.decode("latin-1")[:8192])
            except CookieError:
                continue
            if chosen := cookies.get(settings.LANGUAGE_COOKIE_NAME):
                request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = chosen.value
    return translation.get_language_from_request(request)


def _is_for_people(path: str) -> bool:
    # What programs ask for has a plain word of its own.
    return not is_of_the_api(path) and not re.match(r"/(admin/|static/|healthz|readyz|metrics)", path)
