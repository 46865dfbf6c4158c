"""The names of what executions belong to."""

from rest_framework import serializers

from teams.models import Team


class TeamNameOutput(serializers.ModelSerializer[Team]):
    """A team, named."""

    class Meta:
        model = Team
        fields = ["id", "name"]
