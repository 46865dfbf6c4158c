"""Saying on the next page what there is to say of an execution that was just started."""

from django.contrib import messages

from executions.actions.accept_execution import Started
from teams.pages.signed_in import SignedInRequest


def say_warnings(request: SignedInRequest, started: Started) -> None:
    """Put each warning onto the page that follows; of one that an earlier request made, none."""
    for warning in started.warnings:
        messages.warning(request, warning.message)
