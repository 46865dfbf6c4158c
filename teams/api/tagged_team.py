"""A team as an answer with its tag, and a refusal to overwrite another's change with the tag of now."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.request import Request
from rest_framework.response import Response

from teams.actions.team_mark import ChangedMeanwhile, team_mark
from teams.api.authentication import person
from teams.api.entity_tags import tagged
from teams.api.problems import ApiError
from teams.api.team_output import team_detail
from teams.api.teams_seen import find_team


def tagged_team(request: Request, team_id: uuid.UUID) -> Response:
    """Return the team as it stands, with its tag."""
    team = find_team(person(request), team_id)
    return tagged(request, team_detail(team, request), mark=team_mark(team))


@contextmanager
def telling_the_present_tag(request: Request, team_id: uuid.UUID) -> Iterator[None]:
    """Have a refusal because of another's change carry the tag that the team has now."""
    try:
        yield
    except ChangedMeanwhile as refusal:
        headers = {"ETag": tagged_team(request, team_id).headers["ETag"]}
        raise ApiError(refusal.status, refusal.code, refusal.message, headers=headers) from None
