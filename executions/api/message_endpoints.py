"""The messages of an execution's team: the conversation, and what a person adds to it."""

import uuid

from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.accept_execution import IdempotencyKeyReused
from executions.actions.execution_rights import AlreadyOver, Cancelling
from executions.actions.message_history import messages_of
from executions.actions.post_message import RequestClosed, TooManyMessages, post_message
from executions.api.accepted import IDEMPOTENCY_KEY
from executions.api.executions_seen import find_execution
from executions.api.message_input import MessageInput
from executions.api.message_output import MAX_SEQ, ORDERS, MessageOutput
from executions.models import MessageKind
from teams.actions.refusal import NotAllowed
from teams.api.authentication import person
from teams.api.declared import Answer, Parameter, Refused, page
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.api.ordering import ordering_parameter
from teams.api.query import read_choice, read_text, read_whole

MAX_NAME_CHARS = 200
_NAME = {"type": "string", "maxLength": MAX_NAME_CHARS}


class ExecutionMessages(Endpoint):
    """The messages of one execution's team."""

    query = (
        *PAGE,
        Parameter("kind", {"enum": MessageKind.values}, "Only such messages."),
        Parameter("from", _NAME, "Only those of this sender: `step:<id>`, `user:<id>` or `system`."),
        Parameter("to", _NAME, "Only those to this recipient, in the same form; `*` for everybody."),
        Parameter(
            "after",
            {"type": "integer", "minimum": 0, "maximum": MAX_SEQ},
            "Only those that come after this `seq`.",
        ),
        ordering_parameter(ORDERS),
    )
    scopes = {"POST": "run"}
    request_headers = {"POST": (IDEMPOTENCY_KEY,)}
    inputs = {"POST": MessageInput}
    answers = {
        "GET": page(MessageOutput),
        "POST": Answer(status=201, body=MessageOutput, headers=("Idempotent-Replayed",)),
    }
    refuses = {
        "POST": (
            NotAllowed,
            Refused(status=400, code="validation_error"),
            AlreadyOver,
            Cancelling,
            TooManyMessages,
            RequestClosed,
            IdempotencyKeyReused,
        )
    }

    def get(self, request: Request, execution_id: uuid.UUID) -> Response:
        """List them, newest first, unless `ordering` says another order."""
        execution = find_execution(person(request), execution_id)
        rows = messages_of(execution)
        kind = read_choice(request, "kind", tuple(MessageKind.values))
        sender = read_text(request, "from", max_chars=MAX_NAME_CHARS)
        recipient = read_text(request, "to", max_chars=MAX_NAME_CHARS)
        after = read_whole(request, "after", low=0, high=MAX_SEQ)
        if kind is not None:
            rows = rows.filter(kind=kind)
        if sender is not None:
            rows = rows.filter(sender=sender)
        if recipient is not None:
            rows = rows.filter(recipient=None if recipient == "*" else recipient)
        if after is not None:
            rows = rows.filter(seq__gt=after)
        return page_of(rows, request, MessageOutput, orders=ORDERS)

    def post(self, request: Request, execution_id: uuid.UUID) -> Response:
        """Post one. It is committed when this answers; steps are told it when they start.

        The same Idempotency-Key answers with the message that it posted; Idempotent-Replayed says which.
        """
        execution = find_execution(person(request), execution_id)
        said = read_body(request, MessageInput)
        posted = post_message(
            execution=execution,
            by=person(request),
            idempotency_key=request.headers.get(IDEMPOTENCY_KEY),
            **said,
        )
        written = MessageOutput(messages_of(execution).get(pk=posted.message.pk)).data
        headers = {"Idempotent-Replayed": "false" if posted.created else "true"}
        return Response(written, status=201, headers=headers)
