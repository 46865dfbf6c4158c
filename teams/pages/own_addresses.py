"""A person's e-mail addresses."""

from allauth.account.views import email
from django.http.response import HttpResponseBase

from teams.actions.adopt_address import adopt_address
from teams.pages.signed_in import SignedInRequest, signed_in


@signed_in
def own_addresses(request: SignedInRequest) -> HttpResponseBase:
    """Show them, and add, confirm, remove or prefer one."""
    adopt_address(user=request.user)
    response: HttpResponseBase = email(request)
    return response
