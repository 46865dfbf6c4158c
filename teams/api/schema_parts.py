"""What the schema library does not know of our own classes: who asks, and fields with a will of their own."""

from typing import Any

from django.http import HttpRequest
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import build_mock_request

from teams.api.declared import ID


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A token in the header Authorization."""

    target_class = "teams.api.authentication.BearerToken"
    name = "token"
    priority = 1

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Describe it."""
        return {"type": "http", "scheme": "bearer", "description": "A token of `POST /api/v1/auth/token`."}


class BrowserScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """The session of a browser that is signed in; what changes something needs the CSRF token too."""

    name = "session"
    priority = 1


class AnyJson(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A field that takes any JSON value."""

    target_class = "teams.api.fields.JsonValue"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Describe it: anything goes."""
        return {}


class CanonicalId(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """An id in the one form that is taken."""

    target_class = "teams.api.fields.Id"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Describe it."""
        return dict(ID)


def request_like(method: str, path: str, view: Any, original_request: Any, **kwargs: Any) -> Any:
    """Build the request that a view has while it is described.

    Views may ask for its method already when the framework looks for authenticators.
    """
    view.request = HttpRequest()
    view.request.method = method
    return build_mock_request(method, path, view, original_request, **kwargs)  # type: ignore[no-untyped-call]
