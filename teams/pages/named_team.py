"""The team that a form names, where it names one."""

import uuid

from django.http import Http404

from teams.models import Team
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest


def named_team(request: SignedInRequest) -> Team | None:
    """Return the team of the field `team`, None where it is empty; 404 for whoever may not see it."""
    given = request.POST.get("team", "").strip()
    if not given:
        return None
    try:
        return find_team(request, uuid.UUID(given))
    except ValueError:
        raise Http404("There is no such team.") from None
