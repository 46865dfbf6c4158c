"""The page that says why something was not done."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def refused_page(request: HttpRequest, *, sentence: str, status: int, back: str) -> HttpResponse:
    """Return a page that says in one sentence what was refused, with a link back."""
    return render(request, "refused.html", {"sentence": sentence, "back": back}, status=status)
