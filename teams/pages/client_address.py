"""Says where a request comes from to whatever is written down about it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from teams.actions.audit import client_address
from teams.actions.sign_in import address_of


class ClientAddressMiddleware(MiddlewareMixin):
    """Stands before whatever may be written down."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        """Keep it for this request; in the same thread as the view."""
        client_address.set(address_of(request))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Forget it: the thread serves somebody else next."""
        client_address.set("")
        return response
