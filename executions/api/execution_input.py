"""What clients send about executions."""

from rest_framework import serializers

from teams.api.fields import InputSerializer, Text


class StartInput(InputSerializer):
    """What the team shall do, and words to find it again by; the action judges their length."""

    prompt = Text(allow_blank=True)
    labels = serializers.ListField(child=Text(allow_blank=True), default=list, max_length=100)


class ExecutionChangeInput(InputSerializer):
    """What can be changed of an execution: its labels, all of them at once."""

    labels = serializers.ListField(child=Text(allow_blank=True), max_length=100)


class NothingInput(InputSerializer):
    """Nothing: the address says it all. An empty body and {} are both taken."""
