"""Connections to Suna: a person's own and the site's, made, changed, tested and synced."""

import uuid
from dataclasses import asdict
from typing import Any

from django.http import Http404
from django.views.decorators.debug import sensitive_variables
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from executions.actions.check_base_url import AddressRefused
from executions.actions.connection_input import ConnectionNameTaken
from executions.actions.connection_rights import SunaUnusable
from executions.actions.create_connection import create_connection
from executions.actions.delete_connection import ConnectionInUse, delete_connection
from executions.actions.edit_connection import ConnectionChanges, edit_connection
from executions.actions.sync_agents import sync_agents
from executions.actions.try_connection import try_connection
from executions.api.connection_input import ConnectionChangeInput, NewConnectionInput
from executions.api.connection_output import ConnectionOutput
from executions.api.execution_input import NothingInput
from executions.api.whole_output import ConnectionEditedOutput, SyncedOutput
from teams.actions.refusal import NotAllowed
from teams.api.authentication import person
from teams.api.declared import NOTHING, Answer, Refused, made, page
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.models import SunaConnection, User


class ConnectionList(Endpoint):
    """The connections that a person may use."""

    query = PAGE
    inputs = {"POST": NewConnectionInput}
    answers = {"GET": page(ConnectionOutput), "POST": made(ConnectionOutput)}
    refuses = {"POST": (NotAllowed, AddressRefused, ConnectionNameTaken)}

    def get(self, request: Request) -> Response:
        """List them, newest first."""
        rows = SunaConnection.objects.visible_to(person(request)).select_related("owner")
        return page_of(rows.defer("sealed_credential"), request, ConnectionOutput)

    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """Make one. Nothing is asked of that Suna: test the connection then."""
        body = read_body(request, NewConnectionInput)
        owner = None if body.pop("shared") else person(request)
        connection = create_connection(by=person(request), owner=owner, **body)
        address = reverse("api:connection", kwargs={"connection_id": connection.pk}, request=request)
        return Response(_shown(connection.pk, request), status=201, headers={"Location": address})


class ConnectionDetail(Endpoint):
    """One connection."""

    inputs = {"PATCH": ConnectionChangeInput}
    answers = {
        "GET": Answer(body=ConnectionOutput),
        "PATCH": Answer(body=ConnectionEditedOutput),
        "DELETE": NOTHING,
    }
    refuses = {
        "PATCH": (NotAllowed, AddressRefused, ConnectionNameTaken, SunaUnusable),
        "DELETE": (NotAllowed, ConnectionInUse),
    }

    def get(self, request: Request, connection_id: uuid.UUID) -> Response:
        """Show it, with what its last test found."""
        return Response(_shown(connection_id, request))

    @sensitive_variables()
    def patch(self, request: Request, connection_id: uuid.UUID) -> Response:
        """Change it. Another address forgets the credential and the consent to send users' keys."""
        connection = find_connection(person(request), connection_id)
        body = read_body(request, ConnectionChangeInput)
        parts: dict[str, Any] = {name: body[name] or "" for name in ("bearer", "api_key") if name in body}
        body.update(parts)
        changes = ConnectionChanges(**body)
        edited = edit_connection(connection=connection, by=person(request), changes=changes)
        forgotten = {"credential_forgotten": edited.credential_forgotten}
        return Response({**_shown(connection_id, request), **forgotten})

    def delete(self, request: Request, connection_id: uuid.UUID) -> Response:
        """Delete it, with its credential. What teams or executions need is kept."""
        connection = find_connection(person(request), connection_id)
        delete_connection(connection=connection, by=person(request))
        return Response(status=204)


class ConnectionTest(Endpoint):
    """A connection, tested."""

    inputs = {"POST": NothingInput}
    answers = {"POST": Answer(body=ConnectionOutput)}
    refuses = {"POST": (NotAllowed,)}

    def post(self, request: Request, connection_id: uuid.UUID) -> Response:
        """Test it and show what was found: also that nobody answers is a result."""
        connection = find_connection(person(request), connection_id)
        read_body(request, NothingInput)
        try_connection(connection=connection, by=person(request))
        return Response(_shown(connection_id, request))


class ConnectionSync(Endpoint):
    """The agents of a connection, listed anew."""

    inputs = {"POST": NothingInput}
    answers = {"POST": Answer(body=SyncedOutput)}
    # The code may be what Suna answered.
    refuses = {"POST": (NotAllowed, SunaUnusable, Refused(status=409, code=None))}

    def post(self, request: Request, connection_id: uuid.UUID) -> Response:
        """List them, and tell how many there are and what changed."""
        connection = find_connection(person(request), connection_id)
        read_body(request, NothingInput)
        return Response(asdict(sync_agents(connection=connection, by=person(request))))


def find_connection(user: User, connection_id: uuid.UUID) -> SunaConnection:
    """Return the connection; Http404 where it is neither the user's nor the site's."""
    rows = SunaConnection.objects.visible_to(user).select_related("owner").defer("sealed_credential")
    connection = rows.filter(pk=connection_id).first()
    if connection is None:
        raise Http404
    return connection


def _shown(connection_id: uuid.UUID, request: Request) -> dict[str, object]:
    connection = find_connection(person(request), connection_id)
    return dict(ConnectionOutput(connection, context={"request": request}).data)
