"""What clients send about executions."""

from teams.api.fields import InputSerializer, Text


class StartInput(InputSerializer):
    """What the team shall do; the action judges its length."""

    prompt = Text(allow_blank=True)


class NothingInput(InputSerializer):
    """Nothing: the address says it all. An empty body and {} are both taken."""
