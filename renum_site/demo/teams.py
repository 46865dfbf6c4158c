"""The demo's teams: the design document's two examples, each under a name that says what it is for."""

from collections.abc import Mapping
from types import MappingProxyType

from teams.actions.create_team import create_team
from teams.actions.naming import slug_of
from teams.actions.save_version import save_version
from teams.models import SunaConnection, Team, TeamMembership, TeamRole, User
from teams.workflow.examples import read_example

SITE_TEAMS: Mapping[str, str] = MappingProxyType(
    {"Research and report": "sequential", "Support desk": "conditional"}
)
TERMINAL_TEAMS: Mapping[str, str] = MappingProxyType(
    {"Research and report (make demo)": "sequential", "Support desk (make demo)": "conditional"}
)
"""Names, and the examples that the teams work by."""

DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "sequential": "A researcher, an analyst and a writer, one after the other.",
        "conditional": "A classifier decides whether technical or billing support answers.",
    }
)


def ensure_team(*, owner: User, name: str, example: str, connection: SunaConnection) -> Team:
    """Return the owner's team of that name, made where it is missing. What its owner changed stays."""
    team = Team.objects.filter(owner=owner, slug=slug_of(name)).first()
    if team is not None:
        return team
    return create_team(
        owner=owner,
        name=name,
        source=read_example(example),
        description=DESCRIPTIONS[example],
        connection=connection,
    )


def ensure_terminal_team(
    *, owner: User, name: str, example: str, connection: SunaConnection, viewer: User
) -> Team:
    """Return a team of the terminal demo, on that connection and with the example as it stands.

    `viewer` may read in the browser what the terminal showed, and cannot run it: its Suna is gone by then.
    """
    team = ensure_team(owner=owner, name=name, example=example, connection=connection)
    if team.connection_id != connection.pk or not team.is_active:
        Team.objects.filter(pk=team.pk).update(connection=connection, is_active=True)
    source = read_example(example)
    if team.published_version is None or team.published_version.source != source:
        save_version(team=team, by=owner, source=source)
    TeamMembership.objects.get_or_create(team=team, user=viewer, defaults={"role": TeamRole.VIEWER})
    return team
