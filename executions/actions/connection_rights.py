"""Who may manage a connection to Suna, and how a Suna that cannot be used is told to whoever tried."""

from executions.agent_service import AgentServiceError, CredentialRefused, Unavailable
from teams.actions.refusal import NotAllowed, Refusal
from teams.actions.rights import check_staff
from teams.models import SunaConnection, User


class SunaUnusable(Refusal):
    """The connection leads to no Suna that Renum can use now. `code` is the port's, or `unknown_suna`."""

    code = "suna_unusable"


def may_manage(user: User, connection: SunaConnection) -> bool:
    """Whether the user may change, test and sync the connection."""
    try:
        check_may_manage(user, connection)
    except NotAllowed:
        return False
    return True


def check_may_manage(by: User | None, connection: SunaConnection) -> None:
    """Raise NotAllowed for a person who neither owns the connection nor is staff with the right to change it.

    None is Renum itself: setting up and schedules.
    """
    if by is None or (connection.owner_id is not None and connection.owner_id == by.pk):
        return
    if connection.owner_id is not None and not by.is_staff:
        raise NotAllowed("This connection is somebody else's.")
    check_staff(by, "teams.change_sunaconnection")


def refuse_for(error: AgentServiceError) -> SunaUnusable:
    """Build the refusal that tells what the service's error means for the connection."""
    if isinstance(error, CredentialRefused):
        message = "Suna refuses the connection's credential. Give it another one."
    elif isinstance(error, Unavailable):
        message = f"Suna could not be asked: {error.detail}."
    else:
        message = f"Suna did not answer as it should: {error.detail or error.code}."
    return SunaUnusable(message, code=error.code)
