"""Saving a team's workflow: always a new version, whole and valid or not at all."""

import json
from collections.abc import Collection
from dataclasses import replace

from django.db import transaction
from django.db.models import Max

from teams.actions.audit import audited
from teams.actions.catalogue_warnings import catalogue_warnings, find_listed_agents
from teams.actions.refusal import InvalidInput
from teams.actions.rights import check_role, check_staff, hold_role
from teams.actions.team_mark import check_seen
from teams.models import Team, User, WorkflowVersion
from teams.workflow.json_text import MAX_DOCUMENT_BYTES, JsonTextError, parse_json_text
from teams.workflow.parsing import Checked, read_definition
from teams.workflow.plan import Json
from teams.workflow.problems import Problem


class InvalidWorkflow(InvalidInput):
    """The definition has problems; their pointers start at the definition, wherever it came from."""

    code = "invalid_workflow"


def check_definition(definition: Json, *, team: Team | None) -> Checked:
    """Return what is wrong with a definition, in the light of the team's connection where it has one."""
    if team is None:
        return read_definition(definition)
    connection = team.connection
    if connection is None:
        return read_definition(definition)
    listed = find_listed_agents(connection)
    known = None if listed is None else [agent.agent_id for agent in listed]
    checked = read_definition(definition, known_agents=known, connection_limit=limit_of_connection(team))
    if checked.plan is None:
        return checked
    more = catalogue_warnings(checked, team=team, connection=connection, listed=listed or ())
    return replace(checked, warnings=(*checked.warnings, *more))


def limit_of_connection(team: Team) -> int | None:
    """Return how many runs the connection was learned to allow at once; staff may have typed in anything."""
    limits = team.connection.limits if team.connection else None
    limit = limits.get("parallel_runs") if isinstance(limits, dict) else None
    return limit if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0 else None


@audited("workflow_saved", about="team")
def save_version(
    *,
    team: Team,
    by: User,
    definition: Json = None,
    source: str | None = None,
    note: str = "",
    as_staff: bool = False,
    seen: Collection[str] | None = None,
) -> WorkflowVersion:
    """Save a definition as the team's next version and publish it.

    Give the JSON text as `source` to keep it byte for byte, else the parsed `definition`. Raises NotAllowed
    for less than an editor and InvalidWorkflow with every problem. With `as_staff`, the right to change teams
    counts instead of the role. With `seen`, the marks of the team or of the workflow that the editor began
    with, ChangedMeanwhile where neither is as it was.
    """
    if as_staff:
        check_staff(by, "teams.change_team")
    else:
        check_role(by, "editor", team)
    if source is None:
        source = _as_text(definition)
    checked = check_definition(_parse(source), team=team)
    if checked.plan is None:
        raise InvalidWorkflow("The workflow has problems and was not saved.", problems=checked.problems)
    with transaction.atomic():
        # The team's row is the lock under which its version numbers are given out.
        row = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        if not as_staff:
            # Once more, and held to the end: whoever takes the role away waits for this version.
            hold_role(by, "editor", row)
        check_seen(row, seen)
        last = team.versions.aggregate(last=Max("number"))["last"] or 0
        version = WorkflowVersion.objects.create(
            team=team, number=last + 1, source=source, author=by, note=note
        )
        Team.objects.filter(pk=team.pk).update(published_version=version)
    team.published_version = version
    return version


def _parse(source: str) -> Json:
    try:
        return parse_json_text(source)
    except JsonTextError as error:
        problem = Problem(pointer="", code=error.code, message=str(error), params={})
        raise InvalidWorkflow("The workflow is not JSON that Renum takes.", problems=[problem]) from None


def _as_text(definition: Json) -> str:
    """Return a definition as a person would write it, or without indents where those make it too large."""
    text = json.dumps(definition, indent=2, ensure_ascii=False)
    if len(text.encode("utf-8", "surrogatepass")) <= MAX_DOCUMENT_BYTES:
        return text
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))
