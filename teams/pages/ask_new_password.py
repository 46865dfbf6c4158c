"""Asking for a new password: by mail, or where the site sends none, whom to ask."""

from allauth.account.views import password_reset
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render


@login_not_required
def ask_new_password(request: HttpRequest) -> HttpResponseBase:
    """Show the form and send the mail. Whether there is such a person is told in the mail alone."""
    if not settings.SENDS_MAIL:
        return render(request, "account/no_mail.html")
    response: HttpResponseBase = password_reset(request)
    return response
