"""Making a person's team be what a document says: made, changed, or left alone where it is so already."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from django.db import connection as database
from django.db import transaction

from teams.actions.create_team import create_team, find_default_connection
from teams.actions.edit_team import edit_team
from teams.actions.naming import check_slug, clean_name
from teams.actions.save_version import save_version
from teams.actions.team_document import TeamDocument, fit_document
from teams.actions.team_mark import ChangedMeanwhile, check_seen
from teams.models import SunaConnection, Team, User
from teams.workflow.diff import DefinitionDiff, diff_definitions, is_same_definition
from teams.workflow.other_agents import list_agent_ids
from teams.workflow.plan import Json

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('renum:apply:' || %s, 0))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was done, or would be. `columns` are those that differ; `diff` is None where a team was made."""

    outcome: Literal["created", "changed", "unchanged"]
    team: Team
    columns: tuple[str, ...] = ()
    diff: DefinitionDiff | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the team shall be; None keeps what it has."""

    document: TeamDocument
    name: str | None = None
    description: str | None = None
    note: str = ""
    connection: SunaConnection | None = None


def apply_team(
    *,
    owner: User,
    slug: str,
    wanted: Wanted,
    dry_run: bool = False,
    seen: Collection[str] | None = None,
    may_make: bool = True,
) -> Applied:
    """Make the owner's team of that slug what is wanted; the same twice, also at once, changes it once.

    A workflow that says the same is no new version. With `dry_run` everything is tried and nothing is kept.
    The slug stays whatever the team is called. Raises InvalidInput, InvalidWorkflow, AgentsMissing; with
    `seen`, the marks of the team or of its workflow as somebody saw them, ChangedMeanwhile where neither is
    so any more. Where there is no such team and `may_make` does not hold it is ChangedMeanwhile too.
    """
    check_slug(slug, pointer="")
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute(_LOCK, [f"{owner.pk}:{slug}"])
        rows = Team.objects.select_for_update(of=("self",)).filter(owner=owner, slug=slug)
        team = rows.select_related("connection", "published_version", "owner").first()
        if team is None and not may_make:
            raise ChangedMeanwhile("There is no team of that slug any more. Look again, then change it.")
        if team is not None:
            check_seen(team, seen)
        applied = _create(owner, slug, wanted) if team is None else _change(team, owner, wanted)
        if dry_run:
            transaction.set_rollback(True)
    return applied


def _create(owner: User, slug: str, wanted: Wanted) -> Applied:
    connection = wanted.connection or find_default_connection(owner)
    fitted = fit_document(wanted.document, connection=connection)
    team = create_team(
        owner=owner,
        name=wanted.name if wanted.name is not None else slug,
        slug=slug,
        definition=fitted.definition,
        description=wanted.description or "",
        note=wanted.note,
        connection=connection,
    )
    return Applied(outcome="created", team=team)


def _change(team: Team, by: User, wanted: Wanted) -> Applied:
    other: list[str] = []
    name = None if wanted.name is None else clean_name(wanted.name)
    if name not in (None, team.name):
        other.append("name")
    if wanted.description not in (None, team.description):
        other.append("description")
    if wanted.connection is not None and wanted.connection.pk != team.connection_id:
        other.append("connection")
    if other:
        team = edit_team(
            team=team,
            by=by,
            name=name if "name" in other else None,
            description=wanted.description if "description" in other else None,
            connection_id=wanted.connection.pk if wanted.connection and "connection" in other else None,
        )
    published = team.published_version
    before: Json = None if published is None else published.definition
    kept = () if "connection" in other else list_agent_ids(before)
    fitted = fit_document(wanted.document, connection=wanted.connection or team.connection, kept=kept)
    names = ("none" if published is None else f"version {published.number}", "applied")
    diff = diff_definitions(before, fitted.definition, before_name=names[0], after_name=names[1])
    if published is None or not is_same_definition(before, fitted.definition):
        save_version(team=team, by=by, definition=fitted.definition, note=wanted.note)
    is_other = bool(other) or not diff.is_same
    return Applied(outcome="changed" if is_other else "unchanged", team=team, columns=tuple(other), diff=diff)
