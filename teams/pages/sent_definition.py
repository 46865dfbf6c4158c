"""The workflow that a form brings as text."""

from django.http import HttpRequest


def sent_definition(request: HttpRequest) -> str:
    """Return the field `definition` with line ends as the author sees them: browsers send CRLF."""
    return request.POST.get("definition", "").replace("\r\n", "\n")
