"""Making a connection to a Suna. Nothing is asked of that Suna yet: testing is a verb of its own."""

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from executions.actions.connection_input import check_address, clean_api_key, clean_bearer, save_named
from teams.actions.audit import record
from teams.actions.naming import clean_name
from teams.actions.refusal import NotAllowed
from teams.actions.rights import check_staff
from teams.models import SunaConnection, User


@sensitive_variables("bearer", "api_key")
def create_connection(
    *,
    by: User,
    owner: User | None,
    name: str,
    base_url: str,
    bearer: str = "",
    api_key: str = "",
    sends_user_keys: bool = False,
) -> SunaConnection:
    """Make a connection of a person, or with `owner` None of the whole site, which staff alone may do.

    Raises NotAllowed, InvalidInput, AddressRefused and ConnectionNameTaken.
    """
    check_may_create(by, owner)
    connection = SunaConnection(
        owner=owner,
        name=clean_name(name),
        base_url=check_address(base_url, owner=owner),
        sends_user_keys=sends_user_keys,
    )
    connection.set_credential(bearer=clean_bearer(bearer), api_key=clean_api_key(api_key))
    # Not before here: the address may wait for the resolver.
    with transaction.atomic():
        save_named(connection, update_fields=None)
        record("connection_made", by=by, about=connection)
    return connection


def check_may_create(by: User, owner: User | None) -> None:
    """Raise NotAllowed for whoever lacks the right to make one for somebody else, or for the site."""
    if owner is not None and owner.pk == by.pk:
        return
    if not by.is_staff:
        raise NotAllowed("Only staff make connections of the whole site.")
    check_staff(by, "teams.add_sunaconnection")
