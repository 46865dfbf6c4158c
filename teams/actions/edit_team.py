"""Changing what a team is called, where and whether it may run. Its workflow is changed by `save_version`."""

import uuid

from django.db import IntegrityError, transaction

from teams.actions.create_team import TeamNameTaken
from teams.actions.naming import clean_name, slug_of
from teams.actions.refusal import input_problem
from teams.actions.rights import check_role
from teams.models import SunaConnection, Team, User


def edit_team(
    *,
    team: Team,
    by: User,
    name: str | None = None,
    description: str | None = None,
    is_active: bool | None = None,
    connection_id: uuid.UUID | None = None,
    record_content: bool | None = None,
    keep_slug: bool = False,
) -> Team:
    """Change what is given and keep the rest. Running executions are not touched, and keep their connection.

    The connection is one of the team's owner's or of the site's, whoever chooses it: runs on it are the
    owner's to answer for. The slug follows the name unless `keep_slug`. Raises NotAllowed for less than an
    editor, or than the owner where the team is switched on or off or where texts are recorded, InvalidInput
    and TeamNameTaken.
    """
    check_role(by, "editor", team)
    # No column that is not changed here: somebody else may have changed it since this team was read.
    columns = {"updated_at"}
    if is_active is not None and is_active != team.is_active:
        check_role(by, "owner", team)
        team.is_active = is_active
        columns.add("is_active")
    if record_content is not None and record_content != team.record_content:
        check_role(by, "owner", team)
        team.record_content = record_content
        columns.add("record_content")
    if connection_id is not None:
        team.connection = _find_connection(team, connection_id)
        columns.add("connection")
    if name is not None:
        team.name = clean_name(name)
        team.slug = team.slug if keep_slug else slug_of(team.name)
        columns |= {"name", "slug"}
    if description is not None:
        team.description = description
        columns.add("description")
    try:
        with transaction.atomic():
            team.save(update_fields=columns)
    except IntegrityError as error:
        if "team_slug_once_per_owner" not in str(error):
            raise
        message = f"The owner has a team called {team.name} already. Choose another name."
        raise TeamNameTaken(message) from None
    return team


def _find_connection(team: Team, connection_id: uuid.UUID) -> SunaConnection:
    connection = SunaConnection.objects.visible_to(team.owner).filter(pk=connection_id).first()
    if connection is None:
        message = "The team's owner has no connection with this id."
        raise input_problem("/connection", "unknown_reference", message)
    return connection
