"""Answers in another form than JSON: how a client asks for one, and what its errors look like.

An endpoint lists its forms in `renderer_classes`, JSON first, and takes `InForm` as its negotiation. A client
names one by `Accept`, or by the parameter `format`, which wins. What is refused is told as JSON all the same:
a renderer of this module writes problems only, the endpoint answers with the form itself.
"""

from collections.abc import Iterable

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request


class CsvText(JSONRenderer):
    """Comma-separated values (RFC 4180)."""

    media_type = "text/csv"
    format = "csv"


class PlainText(JSONRenderer):
    """A text without mark-up."""

    media_type = "text/plain"
    format = "text"


class YamlText(JSONRenderer):
    """YAML 1.1, for people to read (RFC 9512)."""

    media_type = "application/yaml"
    format = "yaml"


class JsonLines(JSONRenderer):
    """One JSON object a line."""

    media_type = "application/x-ndjson"
    format = "ndjson"


class InForm(DefaultContentNegotiation):
    """Lets `?format=` win over `Accept`. Raises NotAcceptable where the client takes none of the forms."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer that was asked for; the first for a `format` that the endpoint then refuses."""
        forms = list(renderers)
        named = request.query_params.get("format")
        if named is None:
            chosen, media_type = super().select_renderer(request, forms, format_suffix)
            return chosen, media_type
        chosen = next((one for one in forms if one.format == named), forms[0])
        return chosen, chosen.media_type


def form_of(request: Request) -> str:
    """Return the format of the chosen renderer: json, csv, text ..."""
    return str(request.accepted_renderer.format)
