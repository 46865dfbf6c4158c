"""Changing what a team is called and whether it may run. Its workflow is changed by `save_version`."""

from django.db import IntegrityError, transaction

from teams.actions.create_team import TeamNameTaken
from teams.actions.naming import clean_name, slug_of
from teams.actions.rights import check_role
from teams.models import Team, User


def edit_team(
    *,
    team: Team,
    by: User,
    name: str | None = None,
    description: str | None = None,
    is_active: bool | None = None,
) -> Team:
    """Change what is given and keep the rest. Running executions are not touched.

    Raises NotAllowed for less than an editor, or than the owner where the team is switched on or off,
    InvalidInput and TeamNameTaken.
    """
    check_role(by, "editor", team)
    if is_active is not None and is_active != team.is_active:
        check_role(by, "owner", team)
        team.is_active = is_active
    if name is not None:
        team.name = clean_name(name)
        team.slug = slug_of(team.name)
    if description is not None:
        team.description = description
    try:
        with transaction.atomic():
            team.save(update_fields=["name", "slug", "description", "is_active", "updated_at"])
    except IntegrityError as error:
        if "team_slug_once_per_owner" not in str(error):
            raise
        message = f"The owner has a team called {team.name} already. Choose another name."
        raise TeamNameTaken(message) from None
    return team
