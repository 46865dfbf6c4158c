"""What clients send about questions."""

from teams.api.fields import InputSerializer, Text


class AnswerInput(InputSerializer):
    """What the agent is told; the action judges its length."""

    answer = Text(allow_blank=True)
