"""The help's pages. They ask nothing of the database: what they say stands in the code, in both languages."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from renum_site.help.codes import KNOWN_CODES, meanings_of
from renum_site.help.glossary import FOR_EVERYBODY, INSIDE
from teams.wording.conditions import OPERATORS_IN_WORDS, requirement_words


@require_safe
def show_help(request: HttpRequest) -> HttpResponse:
    """Show what there is to read, and the way to a first run."""
    return render(request, "help/index.html")


@require_safe
def show_glossary(request: HttpRequest) -> HttpResponse:
    """Show what Renum's words mean."""
    return render(request, "help/glossary.html", {"words": FOR_EVERYBODY, "inside": INSIDE})


@require_safe
def show_workflow_help(request: HttpRequest) -> HttpResponse:
    """Show the workflow language in short; each operator in the words that pages use for it."""
    operators = [(name, requirement_words(name, "…")) for name in sorted(OPERATORS_IN_WORDS)]
    return render(request, "help/workflow.html", {"operators": operators})


@require_safe
def list_codes(request: HttpRequest) -> HttpResponse:
    """Show every code with the first thing that it means."""
    codes = [(code, meanings_of(code)[0].sentence) for code in sorted(KNOWN_CODES)]
    return render(request, "help/codes.html", {"codes": codes})


@require_safe
def show_code(request: HttpRequest, code: str) -> HttpResponse:
    """Show what a code means wherever it can stand, and what to do about it."""
    meanings = meanings_of(code)
    if not meanings:
        raise Http404
    return render(request, "help/code.html", {"code": code, "meanings": meanings})
