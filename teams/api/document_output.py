"""What clients get about teams as documents."""

from rest_framework import serializers

from teams.actions.export_team import FORM
from teams.api.diff_output import DiffOutput
from teams.api.team_output import TeamDetailOutput


class NamedAgentOutput(serializers.Serializer[object]):
    """An agent of the workflow; its name where the catalogue knows it."""

    agent_id = serializers.CharField()
    name = serializers.CharField(allow_null=True)


class TeamDocumentOutput(serializers.Serializer[object]):
    """A team as a document, ready to be imported or applied."""

    renum = serializers.ChoiceField(choices=[FORM])
    name = serializers.CharField()
    slug = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    agents = NamedAgentOutput(many=True)
    definition = serializers.JSONField()


class ImportedTeamOutput(TeamDetailOutput):
    """The team that a document became, and which of its agents were replaced by which."""

    agents_replaced = serializers.DictField(child=serializers.CharField())

    class Meta(TeamDetailOutput.Meta):
        fields = [*TeamDetailOutput.Meta.fields, "agents_replaced"]


class AppliedOutput(serializers.Serializer[object]):
    """What was done, or would be.

    `changed` names the columns that are others. `diff` is null where the team was made, `team` where it
    would be.
    """

    outcome = serializers.ChoiceField(choices=["created", "changed", "unchanged"])
    dry_run = serializers.BooleanField()
    changed = serializers.ListField(
        child=serializers.ChoiceField(choices=["name", "description", "connection"])
    )
    diff = DiffOutput(allow_null=True)
    team = TeamDetailOutput(allow_null=True)
