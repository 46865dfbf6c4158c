"""Finding out which Suna a connection leads to, and keeping that on the connection."""

from asgiref.sync import async_to_sync
from django.db.models.functions import Now

from executions.actions.check_base_url import check_own_base_url
from executions.actions.connection_rights import SunaUnusable, check_may_manage, refuse_for
from executions.agent_service import AgentServiceError, SecretText
from executions.orchestrator.connections import reaches_public_only
from executions.orchestrator.profile_columns import learned_capabilities, profile_columns
from executions.suna.credential import SunaCredential
from executions.suna.detect import Detection, detect_profile
from executions.suna.wire import PROFILES
from teams.models import SunaConnection, User
from teams.models.encrypted_text import Undecryptable


def detect_connection(
    *, connection: SunaConnection, by: User | None, profile: str | None = None
) -> SunaConnection:
    """Set the connection's wire profile and what follows from it. Nothing is started or changed in Suna.

    A `profile` that is given is taken at its word and nothing is asked. Raises NotAllowed, AddressRefused and
    SunaUnusable; the connection is then as it was. Renum itself (`by` None) goes where the operator's
    settings point. No transaction may be open: this waits for the network.
    """
    check_may_manage(by, connection)
    if by is not None and connection.owner_id is not None:
        check_own_base_url(connection.base_url)
    detection = None if profile else _ask(connection, anywhere=by is None)
    found = profile if detection is None else detection.profile
    if found is None or found not in PROFILES:
        spoken = ", ".join(PROFILES)
        message = f"Renum does not speak the wire profile {found} yet. It speaks {spoken}."
        raise SunaUnusable(message, code="unknown_suna")
    capabilities = PROFILES[found].capabilities if detection is None else learned_capabilities(detection)
    columns = profile_columns(connection, profile=found, capabilities=capabilities)
    for column, value in (columns | {"paused_code": ""}).items():
        setattr(connection, column, value)
    SunaConnection.objects.filter(pk=connection.pk).update(**columns, paused_code="", checked_at=Now())
    connection.refresh_from_db(fields=["checked_at"])
    return connection


def _ask(connection: SunaConnection, *, anywhere: bool) -> Detection:
    try:
        held = connection.credential()
        found: Detection = async_to_sync(detect_profile)(
            base_url=connection.base_url,
            credential=SunaCredential(
                bearer=SecretText(held["bearer"]) if held["bearer"] else None,
                api_key=SecretText(held["api_key"]) if held["api_key"] else None,
            ),
            public_only=not anywhere and reaches_public_only(connection),
        )
    except AgentServiceError as error:
        raise refuse_for(error) from None
    except Undecryptable:
        message = "The connection's credential cannot be read. Give it again."
        raise SunaUnusable(message, code="credential_unreadable") from None
    if found.profile is None:
        raise SunaUnusable(
            f"Renum cannot use this address: {found.refused_because}.",
            code="unknown_suna",
        )
    return found
