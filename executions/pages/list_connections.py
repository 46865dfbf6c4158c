"""The list of the connections that a person may use."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from executions.actions.connection_rights import may_manage
from executions.wording.connection_tests import outcome_words
from teams.models import SunaConnection
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.wording.connections import connection_notices


@require_safe
@signed_in
def list_connections(request: SignedInRequest) -> HttpResponse:
    """Show one's own and the site's, each with how it stands."""
    rows = SunaConnection.objects.visible_to(request.user).select_related("owner")
    now = timezone.now()
    shown = [
        {
            "connection": connection,
            "broken": outcome_words(connection.test_result["code"])[0]
            if connection.test_result.get("code")
            else "",
            "notices": connection_notices(connection, now=now),
            "may_manage": may_manage(request.user, connection),
        }
        for connection in rows.defer("sealed_credential").order_by("owner", "name")
    ]
    return render(request, "executions/connection_list.html", {"rows": shown})
