"""The forms that make and change a connection. A credential is typed in and never shown again."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from executions.actions.check_base_url import AddressRefused
from executions.actions.connection_rights import check_may_manage
from executions.actions.create_connection import create_connection
from executions.actions.edit_connection import ConnectionChanges, edit_connection
from executions.pages.show_connection import connection_page, find_connection
from executions.wording import refusal_sentence
from executions.wording.connection_tests import outcome_words
from teams.actions.refusal import NotAllowed, Refusal
from teams.models import SunaConnection
from teams.pages.refused import refused_page
from teams.pages.signed_in import SignedInRequest, signed_in

TEMPLATE = "executions/connection_form.html"


@sensitive_post_parameters("bearer", "api_key")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@sensitive_variables("values")
def new_connection(request: SignedInRequest) -> HttpResponse:
    """Make a connection and go to its page, where it can be tested."""
    may_share = request.user.is_staff and request.user.has_perm("teams.add_sunaconnection")
    if request.method != "POST":
        return _form(request, None, {}, may_share=may_share)
    values = request.POST
    shared = may_share and "shared" in values
    try:
        connection = create_connection(
            by=request.user,
            owner=None if shared else request.user,
            name=values.get("name", ""),
            base_url=values.get("base_url", ""),
            bearer=values.get("bearer", ""),
            api_key=values.get("api_key", ""),
            sends_user_keys="sends_user_keys" in values,
        )
    except Refusal as refusal:
        return _form(request, None, values, may_share=may_share, refusal=refusal)
    return redirect("connection", connection.pk)


@sensitive_post_parameters("bearer", "api_key")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@sensitive_variables("values")
def change_connection(request: SignedInRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Change a connection. Inputs of the credential that stay empty keep what is stored for this address."""
    connection = find_connection(request, connection_id)
    try:
        check_may_manage(request.user, connection)
    except NotAllowed as refusal:
        back = reverse("connection", args=[connection_id])
        sentence = refusal_sentence(code=refusal.code, message=refusal.message)
        return refused_page(request, sentence=sentence, status=refusal.status, back=back)
    if request.method != "POST":
        return _form(request, connection, {})
    values = request.POST
    changes = ConnectionChanges(
        name=values.get("name", ""),
        base_url=values.get("base_url", ""),
        bearer=values.get("bearer") or None,
        api_key=values.get("api_key") or None,
        sends_user_keys="sends_user_keys" in values,
    )
    try:
        edited = edit_connection(connection=connection, by=request.user, changes=changes)
    except Refusal as refusal:
        return _form(request, connection, values, refusal=refusal)
    if edited.credential_forgotten:
        done = _("The address changed, so the stored credential was removed. Give it again.")
        return connection_page(request, find_connection(request, connection_id), done=done)
    return redirect("connection", connection_id)


def _form(
    request: SignedInRequest,
    connection: SunaConnection | None,
    values: Mapping[str, Any],
    *,
    may_share: bool = False,
    refusal: Refusal | None = None,
) -> HttpResponse:
    """Return the form; after a refusal with what was typed in, but for the credential, and why."""
    context = {
        "connection": connection,
        "may_share": may_share,
        "name": values.get("name", connection.name if connection else ""),
        "base_url": values.get("base_url", connection.base_url if connection else ""),
        "sends_user_keys": "sends_user_keys" in values
        if values
        else bool(connection and connection.sends_user_keys),
        "shared": "shared" in values,
        "problem": "" if refusal is None else _sentence(refusal),
        "reads_user_keys": connection.capabilities.get("honours_user_keys") if connection else None,
    }
    return render(request, TEMPLATE, context, status=200 if refusal is None else refusal.status)


def _sentence(refusal: Refusal) -> str:
    if isinstance(refusal, AddressRefused):
        return " ".join(part for part in outcome_words(f"address_{refusal.fault}") if part)
    return refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)
