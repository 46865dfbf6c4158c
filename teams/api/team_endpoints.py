"""Teams: list, make, see, change; their saved workflow versions."""

import uuid

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from teams.actions.create_team import create_team
from teams.actions.delete_team import delete_team
from teams.actions.edit_team import edit_team
from teams.actions.save_version import save_version
from teams.api.authentication import person
from teams.api.connections_chosen import find_connection
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.api.query import read_slug
from teams.api.team_input import NewTeamInput, NewVersionInput, TeamChangeInput
from teams.api.team_output import (
    TeamOutput,
    VersionOutput,
    VersionWithDefinitionOutput,
    team_detail,
    warnings_of,
)
from teams.api.teams_seen import find_team, teams_of
from teams.api.version_endpoints import find_version


class TeamList(Endpoint):
    """The teams that a person sees."""

    query = (*PAGE, "slug")

    def get(self, request: Request) -> Response:
        """List them, newest first, without their definitions; `slug` narrows the list."""
        rows = teams_of(person(request)).select_related("published_version")
        slug = read_slug(request)
        if slug is not None:
            rows = rows.filter(slug=slug)
        return page_of(rows.defer("published_version__source"), request, TeamOutput)

    def post(self, request: Request) -> Response:
        """Make a team with its first workflow."""
        body = read_body(request, NewTeamInput)
        connection = find_connection(person(request), body.pop("connection", None))
        team = create_team(owner=person(request), connection=connection, **body)
        made = find_team(person(request), team.pk)
        headers = {"Location": reverse("api:team", kwargs={"team_id": team.pk}, request=request)}
        return Response(team_detail(made, request), status=201, headers=headers)


class TeamDetail(Endpoint):
    """One team."""

    def get(self, request: Request, team_id: uuid.UUID) -> Response:
        """Show it with its workflow, and what there is to say about the workflow."""
        return Response(team_detail(find_team(person(request), team_id), request))

    def patch(self, request: Request, team_id: uuid.UUID) -> Response:
        """Change its name, its description, its connection, or whether it may run."""
        team = find_team(person(request), team_id)
        changes = read_body(request, TeamChangeInput)
        edit_team(team=team, by=person(request), connection_id=changes.pop("connection", None), **changes)
        return Response(team_detail(find_team(person(request), team_id), request))

    def delete(self, request: Request, team_id: uuid.UUID) -> Response:
        """Delete it, where it never ran; else it can be switched off."""
        delete_team(team=find_team(person(request), team_id), by=person(request))
        return Response(status=204)


class TeamVersions(Endpoint):
    """The saved workflows of one team."""

    query = PAGE

    def get(self, request: Request, team_id: uuid.UUID) -> Response:
        """List them, newest first, without their definitions."""
        rows = find_team(person(request), team_id).versions.select_related("author").defer("source")
        return page_of(rows, request, VersionOutput)

    def post(self, request: Request, team_id: uuid.UUID) -> Response:
        """Save a workflow as the next version and publish it."""
        team = find_team(person(request), team_id)
        version = save_version(team=team, by=person(request), **read_body(request, NewVersionInput))
        place = {"team_id": team.pk, "number": version.number}
        headers = {"Location": reverse("api:team-version", kwargs=place, request=request)}
        body = {**VersionWithDefinitionOutput(version).data, "warnings": warnings_of(team, version)}
        return Response(body, status=201, headers=headers)


class TeamVersion(Endpoint):
    """One saved workflow."""

    def get(self, request: Request, team_id: uuid.UUID, number: int) -> Response:
        """Show it with its definition."""
        version = find_version(find_team(person(request), team_id), number)
        return Response(VersionWithDefinitionOutput(version).data)
