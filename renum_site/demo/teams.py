"""The demo's teams: the design document's two examples, and one whose agents talk while they work."""

from collections.abc import Mapping
from pathlib import Path
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
SITE_TALKING, TALKING = "Talking team", "Talking team (make demo)"
"""Teams whose agents have the team's tools: only those of the simulator reach a site on this machine."""

DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "sequential": "A researcher, an analyst and a writer, one after the other.",
        "conditional": "A classifier decides whether technical or billing support answers.",
        "talking": "A researcher asks an analyst while both work; a writer submits what they found.",
    }
)


def read_workflow(name: str) -> str:
    """Return the text of a workflow: one of the document's examples, or the demo's own."""
    if name == "talking":
        return (Path(__file__).parent / "talking.json").read_text(encoding="utf-8")
    return read_example(name)


def ensure_team(*, owner: User, name: str, example: str, connection: SunaConnection) -> Team:
    """Return the owner's team of that name, made where it is missing. What its owner changed stays."""
    team = Team.objects.filter(owner=owner, slug=slug_of(name)).first()
    if team is not None:
        return team
    return create_team(
        owner=owner,
        name=name,
        source=read_workflow(example),
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
    source = read_workflow(example)
    if team.published_version is None or team.published_version.source != source:
        save_version(team=team, by=owner, source=source)
    TeamMembership.objects.get_or_create(team=team, user=viewer, defaults={"role": TeamRole.VIEWER})
    return team
