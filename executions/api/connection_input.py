"""What clients send about connections. A credential goes in and never comes out."""

from teams.api.fields import Flag, InputSerializer, Text


class NewConnectionInput(InputSerializer):
    """A connection to be made; `shared` makes it the whole site's, which staff alone may do."""

    name = Text(allow_blank=True)
    base_url = Text(allow_blank=True)
    bearer = Text(allow_blank=True, default="")
    api_key = Text(allow_blank=True, default="")
    shared = Flag(default=False)
    sends_user_keys = Flag(default=False)


class ConnectionChangeInput(InputSerializer):
    """What is to be changed; what is missing stays. A part of the credential that is null is forgotten."""

    name = Text(allow_blank=True, required=False)
    base_url = Text(allow_blank=True, required=False)
    bearer = Text(required=False, allow_null=True)
    api_key = Text(required=False, allow_null=True)
    sends_user_keys = Flag(required=False)
