"""Saved workflows compared, and published again."""

import uuid
from dataclasses import asdict

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from teams.actions.refusal import NotAllowed
from teams.actions.restore_version import AlreadyPublished, restore_version
from teams.actions.team_mark import version_mark
from teams.api.authentication import person
from teams.api.declared import Answer, Parameter, Refused, made
from teams.api.diff_output import VersionDiffOutput
from teams.api.endpoint import Endpoint, read_body
from teams.api.entity_tags import UNSEEN, entity_tag, read_seen
from teams.api.query import read_whole
from teams.api.tagged_team import telling_the_present_tag
from teams.api.team_input import RestoredVersionInput
from teams.api.team_output import (
    SavedVersionOutput,
    VersionOutput,
    VersionWithDefinitionOutput,
    warnings_of,
)
from teams.api.teams_seen import find_team
from teams.models import Team, WorkflowVersion
from teams.workflow.diff import diff_definitions

MAX_NUMBER = 999_999_999
_PROBLEMS = Refused(status=422, code="validation_error")
_AGAINST = Parameter(
    "against",
    {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER},
    "The number of the version to compare it with; by default the one before it.",
)


class VersionDiff(Endpoint):
    """What a saved workflow has that another has not."""

    query = (_AGAINST,)
    answers = {"GET": Answer(body=VersionDiffOutput)}

    def get(self, request: Request, team_id: uuid.UUID, number: int) -> Response:
        """Compare it with version `against`, by default the one before it; version 1 with nothing."""
        team = find_team(person(request), team_id)
        after = find_version(team, number)
        against = read_whole(request, "against", low=1, high=MAX_NUMBER) or number - 1
        before = find_version(team, against) if against else None
        diff = diff_definitions(
            None if before is None else before.definition,
            after.definition,
            before_name=f"version {against}" if before else "none",
            after_name=f"version {number}",
        )
        return Response(
            {
                "before": None if before is None else VersionOutput(before).data,
                "after": VersionOutput(after).data,
                **asdict(diff),
            }
        )


class VersionPublication(Endpoint):
    """A saved workflow, published again."""

    request_headers = {"POST": ("If-Match",)}
    inputs = {"POST": RestoredVersionInput}
    answers = {"POST": made(SavedVersionOutput, "ETag")}
    refuses = {"POST": (NotAllowed, AlreadyPublished, _PROBLEMS, *UNSEEN)}

    def post(self, request: Request, team_id: uuid.UUID, number: int) -> Response:
        """Save its text as the next version and publish it."""
        team = find_team(person(request), team_id)
        found = find_version(team, number)
        note = read_body(request, RestoredVersionInput)["note"]
        seen = read_seen(request)
        with telling_the_present_tag(request, team_id):
            version = restore_version(team=team, by=person(request), version=found, note=note, seen=seen)
        return saved_version_answer(request, team, version)


def saved_version_answer(request: Request, team: Team, version: WorkflowVersion) -> Response:
    """Return 201 for a version that was saved just now, with the tag of what Location shows."""
    place = {"team_id": team.pk, "number": version.number}
    headers = {"Location": reverse("api:team-version", kwargs=place, request=request)}
    shown = VersionWithDefinitionOutput(version).data
    # The next editor of this workflow says it back.
    headers["ETag"] = entity_tag(version_mark(version.pk), shown)
    body = {**shown, "warnings": warnings_of(team, version)}
    return Response(body, status=201, headers=headers)


def find_version(team: Team, number: int) -> WorkflowVersion:
    """Return a version of the team; Http404 where there is none of that number."""
    version = team.versions.select_related("author").filter(number=number).first()
    if version is None:
        raise Http404
    return version
