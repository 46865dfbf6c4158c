"""What every page behind the log-in has in common."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRefresh

from teams.models import User

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request of a person who is signed in."""

    user: User


Page = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def signed_in(page: Page[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Send strangers to the log-in, and let no browser or proxy keep what the page shows.

    A live part of a page that has lost its session reloads the whole page instead: the log-in form would be
    put into the part.
    """

    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.headers.get("HX-Request") == "true" and not request.user.is_authenticated:
            return HttpResponseClientRefresh()
        response: HttpResponseBase = whole(request, *args, **kwargs)
        return response

    whole: Callable[..., HttpResponseBase] = never_cache(login_required(page))
    update_wrapper(answer, page)
    return answer
