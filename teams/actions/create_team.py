"""Making a team, with its first workflow."""

from django.db import IntegrityError, transaction
from django.db.models import F

from teams.actions.audit import audited
from teams.actions.naming import clean_name, slug_of
from teams.actions.refusal import Refusal, input_problem
from teams.actions.save_version import save_version
from teams.models import SunaConnection, Team, User
from teams.workflow.plan import Json


class TeamNameTaken(Refusal):
    """The owner has a team of that name already."""

    code = "name_taken"


@audited("team_made")
def create_team(
    *,
    owner: User,
    name: str,
    definition: Json = None,
    source: str | None = None,
    description: str = "",
    connection: SunaConnection | None = None,
    record_content: bool = False,
    slug: str | None = None,
    note: str = "",
) -> Team:
    """Make a team and its version 1; the slug follows from the name unless it is given.

    Raises InvalidInput, InvalidWorkflow, TeamNameTaken.
    """
    name = clean_name(name)
    connection = connection or find_default_connection(owner)
    try:
        with transaction.atomic():
            if connection is not None:
                _hold(connection)
            team = Team.objects.create(
                owner=owner,
                name=name,
                slug=slug or slug_of(name),
                description=description,
                connection=connection,
                record_content=record_content,
            )
            save_version(team=team, by=owner, definition=definition, source=source, note=note)
    except IntegrityError as error:
        if "team_slug_once_per_owner" not in str(error):
            raise
        raise TeamNameTaken(f"You have a team called {name} already. Choose another name.") from None
    return team


def _hold(connection: SunaConnection) -> None:
    """Keep others from deleting the connection until the transaction ends; InvalidInput where it is gone."""
    held = SunaConnection.objects.select_for_update(no_key=True).filter(pk=connection.pk)
    if not held.only("pk").exists():
        message = "The connection was deleted in this very moment. Choose another."
        raise input_problem("/connection", "unknown_reference", message)


def find_default_connection(owner: User) -> SunaConnection | None:
    """Return the owner's own connection, else the site's; None where there is neither."""
    visible = SunaConnection.objects.visible_to(owner).defer("sealed_credential")
    return visible.order_by(F("owner").asc(nulls_last=True), "created_at").first()
