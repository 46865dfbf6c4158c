"""What clients send to an execution's team."""

from teams.api.fields import Id, InputSerializer, Text, WholeNumber


class MessageInput(InputSerializer):
    """A message. What it is follows from what it says; the action judges that.

    `to` is a step's id, null everybody. With `timeout_s` it is a request that waits so long for a reply, and
    `default` is the reply where none came. `reply_to` is the message that it goes on from: to a request
    that waits it is the reply.
    """

    text = Text(allow_blank=True)
    to = Text(allow_null=True, max_length=200, required=False)
    reply_to = Id(allow_null=True, required=False)
    timeout_s = WholeNumber(allow_null=True, required=False)
    default = Text(allow_null=True, allow_blank=True, required=False)
