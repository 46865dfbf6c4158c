"""What clients get about teams and workflows. Fields are named one by one: nothing leaves by accident."""

from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from teams.actions.save_version import check_definition
from teams.api.authentication import person
from teams.api.findings import FindingOutput
from teams.api.teams_seen import role_in
from teams.models import Team, User, WorkflowVersion


class PersonOutput(serializers.ModelSerializer[User]):
    """A person, as far as other people see them."""

    class Meta:
        model = User
        fields = ["id", "username"]


class VersionOutput(serializers.ModelSerializer[WorkflowVersion]):
    """A saved version without its definition."""

    author = PersonOutput(allow_null=True)

    class Meta:
        model = WorkflowVersion
        fields = ["id", "number", "note", "author", "created_at"]


class VersionWithDefinitionOutput(VersionOutput):
    """A saved version."""

    definition = serializers.JSONField()

    class Meta(VersionOutput.Meta):
        fields = [*VersionOutput.Meta.fields, "definition"]


class SavedVersionOutput(VersionWithDefinitionOutput):
    """A version that was saved just now, with what there is to say about it."""

    warnings = FindingOutput(many=True)

    class Meta(VersionOutput.Meta):
        fields = [*VersionWithDefinitionOutput.Meta.fields, "warnings"]


class TeamOutput(serializers.ModelSerializer[Team]):
    """A team as lists show it; load it with `teams_of`."""

    owner = PersonOutput()
    payer = PersonOutput(source="paid_by")
    connection = serializers.UUIDField(source="connection_id", allow_null=True)
    version = serializers.SerializerMethodField()
    role = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    class Meta:
        model = Team
        fields = [
            "id",
            "name",
            "slug",
            "description",
            "is_active",
            "owner",
            "payer",
            "record_content",
            "role",
            "connection",
            "version",
            "created_at",
            "updated_at",
            "links",
        ]

    def get_version(self, team: Team) -> int | None:
        """Return the published version's number."""
        return team.published_version.number if team.published_version else None

    def get_role(self, team: Team) -> str:
        """Return the role of whoever asks."""
        return role_in(team, person(self.context["request"]))

    def get_links(self, team: Team) -> dict[str, str]:
        """Return where the team's other addresses are."""

        def address(name: str) -> str:
            return reverse(f"api:{name}", kwargs={"team_id": team.pk}, request=self.context["request"])

        return {
            "self": address("team"),
            "versions": address("team-versions"),
            "executions": address("team-executions"),
            "members": address("team-members"),
            "export": address("team-export"),
            "plan": address("team-plan"),
        }


class TeamDetailOutput(TeamOutput):
    """A team with its published workflow and what there is to say about it; made by `team_detail`."""

    workflow = VersionWithDefinitionOutput(allow_null=True)
    problems = FindingOutput(many=True)
    warnings = FindingOutput(many=True)

    class Meta(TeamOutput.Meta):
        fields = [*TeamOutput.Meta.fields, "workflow", "problems", "warnings"]


def warnings_of(team: Team, version: WorkflowVersion) -> list[dict[str, Any]]:
    """Return what there is to say about a version of the team's workflow that is no problem."""
    return [warning.as_json() for warning in check_definition(version.definition, team=team).warnings]


def team_detail(team: Team, request: Any) -> dict[str, Any]:
    """Return a team with its published workflow and what there is to say about it."""
    version = team.published_version
    checked = check_definition(version.definition, team=team) if version else None
    return {
        **TeamOutput(team, context={"request": request}).data,
        "workflow": VersionWithDefinitionOutput(version).data if version else None,
        "problems": [problem.as_json() for problem in checked.problems] if checked else [],
        "warnings": [problem.as_json() for problem in checked.warnings] if checked else [],
    }
