"""Changing what a team is called, where and whether it may run. Its workflow is changed by `save_version`."""

import uuid
from collections.abc import Collection

from django.db import IntegrityError, transaction

from teams.actions.audit import audited
from teams.actions.create_team import TeamNameTaken
from teams.actions.naming import check_slug, clean_name
from teams.actions.refusal import input_problem
from teams.actions.rights import check_role, hold_role
from teams.actions.team_mark import check_seen_as_a_whole
from teams.models import SunaConnection, Team, User


@audited("team_edited", about="team")
def edit_team(
    *,
    team: Team,
    by: User,
    name: str | None = None,
    description: str | None = None,
    is_active: bool | None = None,
    connection_id: uuid.UUID | None = None,
    record_content: bool | None = None,
    slug: str | None = None,
    seen: Collection[str] | None = None,
) -> Team:
    """Change what is given and keep the rest. Running executions are not touched, and keep their connection.

    The connection is one of the team's owner's or of the site's, whoever chooses it: runs on it are the
    owner's to answer for. Another name leaves the slug as it is: scripts know the team by it. Raises
    NotAllowed for less than an editor, or than the owner where the team is switched on or off or where texts
    are recorded, InvalidInput and TeamNameTaken. With `seen`, the marks of the team as the editor saw it,
    ChangedMeanwhile where it is not so any more.
    """
    try:
        with transaction.atomic():
            # As it stands now: somebody else may have changed what this editor leaves as it is.
            row = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
            # Held to the end: whoever takes the role away waits for this change.
            hold_role(by, "editor", row)
            check_seen_as_a_whole(row, seen)
            columns = _switch(row, by, is_active, record_content)
            columns += _change(row, name, slug, description, connection_id)
            row.save(update_fields=[*columns, "updated_at"])
    except IntegrityError as error:
        if "team_slug_once_per_owner" not in str(error):
            raise
        message = f"The owner has a team with the slug {row.slug} already. Choose another one."
        raise TeamNameTaken(message) from None
    return row


def _switch(row: Team, by: User, is_active: bool | None, record_content: bool | None) -> list[str]:
    """Set on the row what only the owner may; return the columns that are others now."""
    columns = []
    if is_active is not None and is_active != row.is_active:
        row.is_active = is_active
        columns.append("is_active")
    if record_content is not None and record_content != row.record_content:
        row.record_content = record_content
        columns.append("record_content")
    if columns:
        check_role(by, "owner", row)
    return columns


def _change(
    row: Team,
    name: str | None,
    slug: str | None,
    description: str | None,
    connection_id: uuid.UUID | None,
) -> list[str]:
    """Set on the row what is given; return the columns to save."""
    columns = []
    if connection_id is not None:
        row.connection = _find_connection(row, connection_id)
        columns.append("connection")
    if name is not None:
        row.name = clean_name(name)
        columns.append("name")
    if slug is not None:
        check_slug(slug, pointer="/slug")
        row.slug = slug
        columns.append("slug")
    if description is not None:
        row.description = description
        columns.append("description")
    return columns


def _find_connection(team: Team, connection_id: uuid.UUID) -> SunaConnection:
    # Held to the end: whoever deletes it waits for this change, or has deleted it before.
    rows = SunaConnection.objects.visible_to(team.owner).select_for_update(no_key=True)
    connection = rows.filter(pk=connection_id).first()
    if connection is None:
        message = "The team's owner has no connection with this id."
        raise input_problem("/connection", "unknown_reference", message)
    return connection
