"""What clients get of the team's messages. Words are shown as they are: whoever renders them escapes them."""

from rest_framework import serializers

from executions.models import MessageDelivery, MessageKind, TeamMessage
from teams.api.ordering import Order, Orders

MAX_SEQ = 2**31 - 1


def read_seq(text: str) -> int:
    """Read a number as a cursor carries it. Raises ValueError."""
    seq = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_SEQ)) else -1
    if not 0 <= seq <= MAX_SEQ:
        raise ValueError(text)
    return seq


ORDERS: Orders = {"created_at": None, "seq": Order(by="seq", read=read_seq)}


class DeliveryOutput(serializers.ModelSerializer[MessageDelivery]):
    """A step that was told the message, first in which attempt and when."""

    step_id = serializers.CharField(source="step.step_id")

    class Meta:
        model = MessageDelivery
        fields = ["step_id", "attempt", "created_at"]


class MessageOutput(serializers.ModelSerializer[TeamMessage]):
    """A message; load it with `message_history.messages_of`.

    `sender` and `recipient` are `step:<id>`, `user:<id>`, `system` or `people`; no recipient is everybody.
    `is_open` says of a request that it has no reply yet, whether or not it still may get one.
    """

    reply_to = serializers.UUIDField(source="reply_to_id", allow_null=True)
    is_open = serializers.SerializerMethodField()
    delivered = DeliveryOutput(source="deliveries", many=True)

    class Meta:
        model = TeamMessage
        fields = [
            "id",
            "seq",
            "kind",
            "sender",
            "recipient",
            "text",
            "thread",
            "reply_to",
            "expires_at",
            "default_answer",
            "is_open",
            "delivered",
            "created_at",
        ]

    def get_is_open(self, message: TeamMessage) -> bool:
        """Return whether it is a request without a reply."""
        return message.kind == MessageKind.REQUEST and not getattr(message, "is_replied", False)
