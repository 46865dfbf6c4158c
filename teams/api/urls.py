"""Addresses of the API of teams, below /api/v1/."""

from django.urls import path, register_converter

from teams.api.catalogue_endpoints import AgentList
from teams.api.converters import VersionNumber
from teams.api.team_endpoints import TeamDetail, TeamList, TeamVersion, TeamVersions
from teams.api.token_endpoints import Token
from teams.api.workflow_endpoints import WorkflowSchema, WorkflowValidation

register_converter(VersionNumber, "version")

urlpatterns = [
    path("auth/token", Token.as_view(), name="token"),
    path("teams", TeamList.as_view(), name="teams"),
    path("teams/<uuid:team_id>", TeamDetail.as_view(), name="team"),
    path("teams/<uuid:team_id>/versions", TeamVersions.as_view(), name="team-versions"),
    path("teams/<uuid:team_id>/versions/<version:number>", TeamVersion.as_view(), name="team-version"),
    path("workflows/validate", WorkflowValidation.as_view(), name="workflow-validation"),
    path("workflows/schema", WorkflowSchema.as_view(), name="workflow-schema"),
    path("agents", AgentList.as_view(), name="agents"),
]
