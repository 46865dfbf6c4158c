"""What a person asks of a connection from its page: each verb is one form's target."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from executions.actions.connection_rights import SunaUnusable, check_may_manage
from executions.actions.delete_connection import delete_connection, find_dependents
from executions.actions.edit_connection import forget_credential
from executions.actions.sync_agents import Synced, sync_agents
from executions.actions.try_connection import try_connection
from executions.pages.show_connection import connection_page, find_connection
from executions.wording import refusal_sentence
from executions.wording.connection_tests import sync_words
from teams.actions.refusal import Refusal
from teams.pages.refused import refused_page
from teams.pages.signed_in import SignedInRequest, signed_in


@require_POST
@signed_in
def ask_for_test(request: SignedInRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Test the connection, and show on its page what was found."""
    connection = find_connection(request, connection_id)
    try:
        try_connection(connection=connection, by=request.user)
    except Refusal as refusal:
        return _refused(request, connection_id, refusal)
    return redirect("connection", connection_id)


@require_POST
@signed_in
def ask_for_sync(request: SignedInRequest, connection_id: uuid.UUID) -> HttpResponse:
    """List the agents anew, and say on the connection's page what changed."""
    connection = find_connection(request, connection_id)
    try:
        synced = sync_agents(connection=connection, by=request.user)
    except SunaUnusable as refusal:
        connection = find_connection(request, connection_id)
        problem = sync_words(connection.sync_code) or refusal_sentence(
            code=refusal.code, message=refusal.message
        )
        return connection_page(request, connection, problem=problem, status=refusal.status)
    except Refusal as refusal:
        return _refused(request, connection_id, refusal)
    return connection_page(request, find_connection(request, connection_id), done=_synced_words(synced))


@require_POST
@signed_in
def ask_to_forget(request: SignedInRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Forget the credential."""
    connection = find_connection(request, connection_id)
    try:
        forget_credential(connection=connection, by=request.user)
    except Refusal as refusal:
        return _refused(request, connection_id, refusal)
    return redirect("connection", connection_id)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def remove_connection(request: SignedInRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Show what depends on the connection; delete it where that was confirmed and nothing does."""
    connection = find_connection(request, connection_id)
    try:
        check_may_manage(request.user, connection)
        if request.method == "POST":
            delete_connection(connection=connection, by=request.user)
            return redirect("connection-list")
    except Refusal as refusal:
        return _refused(request, connection_id, refusal)
    dependents = find_dependents(connection=connection, by=request.user)
    context = {"connection": connection, "dependents": dependents}
    return render(request, "executions/connection_delete.html", context)


def _synced_words(synced: Synced) -> str:
    listed = ngettext("%(count)s agent is listed.", "%(count)s agents are listed.", synced.present)
    sentences = [listed % {"count": synced.present}]
    if synced.changed:
        changed = ngettext("%(count)s of them changed.", "%(count)s of them changed.", synced.changed)
        sentences.append(changed % {"count": synced.changed})
    if synced.went_missing:
        missing = ngettext("%(count)s went missing.", "%(count)s went missing.", synced.went_missing)
        sentences.append(missing % {"count": synced.went_missing})
    if synced.left_out:
        sentences.append(_("Those with an id that is too long are left out."))
    return " ".join(sentences)


def _refused(request: SignedInRequest, connection_id: uuid.UUID, refusal: Refusal) -> HttpResponse:
    sentence = refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)
    back = reverse("connection", args=[connection_id])
    return refused_page(request, sentence=sentence, status=refusal.status, back=back)
