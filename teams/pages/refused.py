"""The page that says why something was not done."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def refused_page(
    request: HttpRequest, *, sentence: str, status: int, back: str, code: str = ""
) -> HttpResponse:
    """Return a page that says what was refused, with a link back and one to its code's help."""
    context = {"sentence": sentence, "back": back, "code": code}
    return render(request, "refused.html", context, status=status)
