"""The team that a form names, where it names one."""

import uuid

from django.http import Http404

from teams.models import SunaConnection, Team
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest


def named_team(request: SignedInRequest) -> Team | None:
    """Return the team of the field `team`; without one, a new team on the connection of `connection`.

    None where neither is named; 404 for a team that the person may not see.
    """
    team_id = _id_in(request, "team")
    if team_id is not None:
        return find_team(request, team_id)
    connection_id = _id_in(request, "connection")
    rows = SunaConnection.objects.visible_to(request.user).defer("sealed_credential")
    connection = rows.filter(pk=connection_id).first() if connection_id else None
    return Team(owner=request.user, connection=connection) if connection else None


def _id_in(request: SignedInRequest, field: str) -> uuid.UUID | None:
    given = request.POST.get(field, "").strip()
    try:
        return uuid.UUID(given) if given else None
    except ValueError:
        raise Http404(f"There is no such {field}.") from None
