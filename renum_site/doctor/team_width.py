"""Teams of which more steps may run at once than their connection allows."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from renum_site.doctor.database import PATIENCE_MS, be_patient_for
from renum_site.doctor.finding import Finding, State
from teams.actions.team_width import find_excess
from teams.models import Team

MOST = 500
SHOWN = 5


def look_at_teams() -> Iterator[Finding]:
    """Compare each active team's workflow with what its connection was learned to allow."""
    be_patient_for(PATIENCE_MS)
    teams = Team.objects.filter(
        is_active=True, published_version__isnull=False, connection__limits__has_key="parallel_runs"
    ).select_related("published_version", "connection")
    wide = 0
    for team in teams.defer("connection__sealed_credential").order_by("name")[:MOST]:
        excess = find_excess(team)
        if excess is None:
            continue
        wide += 1
        if wide <= SHOWN:
            yield Finding(
                area="teams",
                check="wider_than_connection",
                state=State.WARNING,
                seen=f"{team.name}: {excess.sentence}",
                fix=_("Raise the limit in Suna, set limits.max_parallel, or let the others wait."),
            )
    if not wide:
        seen = _("No team is wider than its connection is known to allow.")
        yield Finding(area="teams", check="wider_than_connection", state=State.OK, seen=seen)
    elif wide > SHOWN:
        seen = _("%(count)s more teams are as wide.") % {"count": wide - SHOWN}
        yield Finding(area="teams", check="wider_than_connection", state=State.WARNING, seen=seen)
