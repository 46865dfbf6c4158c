"""The connection that a body names."""

import uuid

from teams.api.problems import ApiError
from teams.models import SunaConnection, User
from teams.workflow.problems import Problem


def find_connection(user: User, connection_id: uuid.UUID | None) -> SunaConnection | None:
    """Return the connection if the user may use it, None where none is named. Raises ApiError 400."""
    if connection_id is None:
        return None
    visible = SunaConnection.objects.visible_to(user).defer("sealed_credential")
    connection = visible.filter(pk=connection_id).first()
    if connection is None:
        message = "You have no connection with this id."
        problem = Problem("/connection", "unknown_reference", message, {})
        raise ApiError(400, "validation_error", message, errors=[problem])
    return connection
