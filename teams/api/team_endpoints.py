"""Teams: list, make, see, change; their saved workflow versions."""

import uuid

from django.db.models.functions import Lower
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from teams.actions.create_team import TeamNameTaken, create_team
from teams.actions.delete_team import TeamInUse, delete_team
from teams.actions.edit_team import edit_team
from teams.actions.refusal import NotAllowed
from teams.actions.save_version import InvalidWorkflow, save_version
from teams.actions.team_mark import team_mark, version_mark
from teams.api.authentication import person
from teams.api.connections_chosen import find_connection
from teams.api.declared import FLAG, NOTHING, UNCHANGED, WORDS, Answer, Parameter, made, page
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.api.entity_tags import BAD_TAGS, UNSEEN, read_seen, tagged
from teams.api.ordering import Order, Orders, ordering_parameter, read_moment, read_name
from teams.api.query import SLUG, read_flag, read_slug, read_words
from teams.api.tagged_team import tagged_team, telling_the_present_tag
from teams.api.team_input import NewTeamInput, NewVersionInput, TeamChangeInput
from teams.api.team_output import (
    SavedVersionOutput,
    TeamDetailOutput,
    TeamOutput,
    VersionOutput,
    VersionWithDefinitionOutput,
    team_detail,
)
from teams.api.teams_seen import find_team, teams_of
from teams.api.version_endpoints import find_version, saved_version_answer

ORDERS: Orders = {
    "created_at": None,
    "name": Order(by=Lower("name"), read=read_name),
    "updated_at": Order(by="updated_at", read=read_moment),
}


class TeamList(Endpoint):
    """The teams that a person sees."""

    query = (
        *PAGE,
        Parameter("slug", SLUG, "Only the teams of this slug."),
        Parameter("active", FLAG, "true: only teams that may run; false: only the others."),
        Parameter("search", WORDS, "Only teams that have this in their name."),
        ordering_parameter(ORDERS),
    )
    inputs = {"POST": NewTeamInput}
    answers = {"GET": page(TeamOutput), "POST": made(TeamDetailOutput, "ETag")}
    refuses = {"POST": (TeamNameTaken, InvalidWorkflow)}

    def get(self, request: Request) -> Response:
        """List them without their definitions, newest first, unless `ordering` says another order."""
        rows = teams_of(person(request)).select_related("published_version")
        slug = read_slug(request)
        if slug is not None:
            rows = rows.filter(slug=slug)
        active, words = read_flag(request, "active"), read_words(request, "search")
        if active is not None:
            rows = rows.filter(is_active=active)
        if words is not None:
            rows = rows.filter(name__icontains=words)
        return page_of(rows.defer("published_version__source"), request, TeamOutput, orders=ORDERS)

    def post(self, request: Request) -> Response:
        """Make a team with its first workflow."""
        body = read_body(request, NewTeamInput)
        connection = find_connection(person(request), body.pop("connection", None))
        team = create_team(owner=person(request), connection=connection, **body)
        seen = find_team(person(request), team.pk)
        headers = {"Location": reverse("api:team", kwargs={"team_id": team.pk}, request=request)}
        return tagged(request, team_detail(seen, request), mark=team_mark(seen), status=201, headers=headers)


class TeamDetail(Endpoint):
    """One team."""

    request_headers = {"GET": ("If-None-Match",), "PATCH": ("If-Match",)}
    inputs = {"PATCH": TeamChangeInput}
    answers = {
        "GET": (Answer(body=TeamDetailOutput, headers=("ETag",)), UNCHANGED),
        "PATCH": Answer(body=TeamDetailOutput, headers=("ETag",)),
        "DELETE": NOTHING,
    }
    refuses = {
        "GET": (BAD_TAGS,),
        "PATCH": (NotAllowed, TeamNameTaken, *UNSEEN),
        "DELETE": (NotAllowed, TeamInUse),
    }

    def get(self, request: Request, team_id: uuid.UUID) -> Response:
        """Show it with its workflow, and what there is to say about the workflow."""
        return tagged_team(request, team_id)

    def patch(self, request: Request, team_id: uuid.UUID) -> Response:
        """Change its name, its description, its connection, or whether it may run."""
        team = find_team(person(request), team_id)
        changes = read_body(request, TeamChangeInput)
        chosen = changes.pop("connection", None)
        seen = read_seen(request)
        with telling_the_present_tag(request, team_id):
            edit_team(team=team, by=person(request), connection_id=chosen, seen=seen, **changes)
        return tagged_team(request, team_id)

    def delete(self, request: Request, team_id: uuid.UUID) -> Response:
        """Delete it, where it never ran; else it can be switched off."""
        delete_team(team=find_team(person(request), team_id), by=person(request))
        return Response(status=204)


class TeamVersions(Endpoint):
    """The saved workflows of one team."""

    query = PAGE
    request_headers = {"POST": ("If-Match",)}
    inputs = {"POST": NewVersionInput}
    answers = {"GET": page(VersionOutput), "POST": made(SavedVersionOutput, "ETag")}
    refuses = {"POST": (NotAllowed, InvalidWorkflow, *UNSEEN)}

    def get(self, request: Request, team_id: uuid.UUID) -> Response:
        """List them, newest first, without their definitions."""
        rows = find_team(person(request), team_id).versions.select_related("author").defer("source")
        return page_of(rows, request, VersionOutput)

    def post(self, request: Request, team_id: uuid.UUID) -> Response:
        """Save a workflow as the next version and publish it."""
        team = find_team(person(request), team_id)
        body = read_body(request, NewVersionInput)
        seen = read_seen(request)
        with telling_the_present_tag(request, team_id):
            version = save_version(team=team, by=person(request), seen=seen, **body)
        return saved_version_answer(request, team, version)


class TeamVersion(Endpoint):
    """One saved workflow."""

    request_headers = {"GET": ("If-None-Match",)}
    answers = {"GET": (Answer(body=VersionWithDefinitionOutput, headers=("ETag",)), UNCHANGED)}
    refuses = {"GET": (BAD_TAGS,)}

    def get(self, request: Request, team_id: uuid.UUID, number: int) -> Response:
        """Show it with its definition."""
        version = find_version(find_team(person(request), team_id), number)
        body = VersionWithDefinitionOutput(version).data
        return tagged(request, body, mark=version_mark(version.pk))
