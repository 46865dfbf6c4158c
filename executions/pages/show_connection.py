"""The page of one connection: how it stands, what its test found, its agents, what may be done with it."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from executions.actions.connection_rights import may_manage
from executions.actions.team_server_of_agent import takes_tools
from executions.orchestrator.team_server import team_server
from executions.pages.connection_agents import build_catalogue
from executions.wording.connection_tests import findings_in_words, outcome_words, sync_words
from teams.models import SunaConnection
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.wording.connections import connection_notices, expiry_words

ODD_CLOCK_S = 5


def find_connection(request: SignedInRequest, connection_id: uuid.UUID) -> SunaConnection:
    """Return the connection; 404 for whoever may not use it."""
    rows = SunaConnection.objects.visible_to(request.user).select_related("owner")
    return get_object_or_404(rows.defer("sealed_credential"), pk=connection_id)


@require_safe
@signed_in
def show_connection(request: SignedInRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Show the connection."""
    return connection_page(request, find_connection(request, connection_id))


def connection_page(
    request: SignedInRequest,
    connection: SunaConnection,
    *,
    problem: str = "",
    done: str = "",
    status: int = 200,
) -> HttpResponse:
    """Return the connection's page, with what was just done or why it was not."""
    now = timezone.now()
    context: dict[str, Any] = {
        "connection": connection,
        "may_manage": may_manage(request.user, connection),
        "notices": connection_notices(connection, now=now),
        "catalogue": build_catalogue(connection, reader=request.user, words=request.GET.get("q", "")),
        "is_throttled": connection.throttled_until is not None and connection.throttled_until > now,
        "sync_problem": sync_words(connection.sync_code),
        "keys_words": _keys_state(connection),
        "team_server": team_server(),
        "takes_tools": takes_tools(connection),
        "problem": problem,
        "done": done,
    }
    if connection.bearer_expires_at is not None:
        context["expiry"] = expiry_words(connection.bearer_expires_at, now=now)
    result = connection.test_result
    if result:
        meaning, remedy = outcome_words(result["code"])
        ahead_s = result.get("clock_ahead_s")
        context["test"] = {
            **result,
            "meaning": meaning,
            "remedy": remedy,
            "findings": findings_in_words(result),
            "clock_is_odd": ahead_s is not None and abs(ahead_s) >= ODD_CLOCK_S,
        }
    return render(request, "executions/connection.html", context, status=status)


def _keys_state(connection: SunaConnection) -> str:
    """Return sent, in_vain, allowed_not or ignored: how it is with users' own keys here."""
    reads = connection.capabilities.get("honours_user_keys")
    if connection.sends_user_keys:
        return "in_vain" if reads is False else "sent"
    return "not_allowed" if reads is True else "ignored"
