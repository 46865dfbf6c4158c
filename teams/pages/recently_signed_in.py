"""Asking who is there once more before what outlives a session or cannot be taken back."""

from collections.abc import Callable
from typing import Concatenate

from allauth.account.decorators import reauthentication_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from teams.pages.signed_in import P, Page, signed_in


def recently_signed_in(page: Page[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let through who is signed in and gave their password, or a code, within the last five minutes.

    Others are asked and then brought back; a form that they had sent is sent again by itself. Put it in the
    place of `signed_in`, below `require_POST`. Whoever has neither a password nor a second factor here is
    let through: another service signs them in.
    """
    whole: Page[P] = reauthentication_required(page, app="allauth.account")
    return signed_in(whole)
