"""Making a team, with its first workflow."""

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from teams.actions.refusal import Refusal, input_problem
from teams.actions.save_version import save_version
from teams.models import SunaConnection, Team, User
from teams.workflow.plan import Json

NAME_CHARS = 100


class TeamNameTaken(Refusal):
    """The owner has a team of that name already."""

    code = "name_taken"


def create_team(
    *,
    owner: User,
    name: str,
    definition: Json = None,
    source: str | None = None,
    description: str = "",
    connection: SunaConnection | None = None,
    record_content: bool = False,
) -> Team:
    """Make a team and its version 1. Raises InvalidInput, TeamNameTaken."""
    name = " ".join(name.split())
    if not name:
        raise input_problem("/name", "required", "Give the team a name.")
    if len(name) > NAME_CHARS:
        raise input_problem("/name", "too_large", f"A name has at most {NAME_CHARS} characters.")
    connection = connection or find_default_connection(owner)
    try:
        with transaction.atomic():
            team = Team.objects.create(
                owner=owner,
                name=name,
                slug=slugify(name) or "team",
                description=description,
                connection=connection,
                record_content=record_content,
            )
            save_version(team=team, by=owner, definition=definition, source=source)
    except IntegrityError as error:
        if "team_slug_once_per_owner" not in str(error):
            raise
        raise TeamNameTaken(f"You have a team called {name} already. Choose another name.") from None
    return team


def find_default_connection(owner: User) -> SunaConnection | None:
    """Return the owner's own connection, else the site's; None where there is neither."""
    visible = SunaConnection.objects.visible_to(owner)
    return visible.order_by("owner__isnull", "created_at").first()

