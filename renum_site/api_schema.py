"""The API described for programs and shown to people: the OpenAPI document, and a page of it."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

import teams.api.schema_parts  # noqa: F401  the schema library finds its parts once they are imported
from teams.api.declared import Answer
from teams.api.endpoint import Endpoint

MAX_AGE_S = 300


class OpenApiDocument(Endpoint):
    """The API, described in OpenAPI 3.1."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    answers = {"GET": Answer(body={"type": "object"}, headers=("Cache-Control",))}

    def get(self, request: Request) -> Response:
        """Show it to anybody."""
        return Response(openapi_document(), headers={"Cache-Control": f"public, max-age={MAX_AGE_S}"})


@cache
def openapi_document() -> dict[str, Any]:
    """Build the document: in English, the same for everybody and for the life of the process."""
    with translation.override("en"):
        document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return document


@require_safe
def show_api_docs(request: HttpRequest) -> HttpResponse:
    """Show the document as a page to read and to try; it asks nothing of another host."""
    return render(request, "api/docs.html")
