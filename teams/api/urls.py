"""Addresses of the API of teams, below /api/v1/."""

from django.urls import path, register_converter

from teams.api.catalogue_endpoints import AgentDetail, AgentList
from teams.api.converters import Slug, VersionNumber
from teams.api.document_endpoints import TeamBySlug, TeamExport, TeamImport
from teams.api.invitation_endpoints import (
    InvitationAcceptance,
    InvitationDetail,
    InvitationList,
    TeamInvitations,
)
from teams.api.own_endpoints import Me, OneToken, Tokens
from teams.api.team_endpoints import TeamDetail, TeamList, TeamVersion, TeamVersions
from teams.api.template_endpoints import TemplateList, TemplateUse
from teams.api.token_endpoints import Token
from teams.api.version_endpoints import VersionDiff, VersionPublication
from teams.api.workflow_endpoints import WorkflowSchema, WorkflowValidation

register_converter(Slug, "teamslug")
register_converter(VersionNumber, "version")

_TEAM = "teams/<uuid:team_id>"
_VERSION = f"{_TEAM}/versions/<version:number>"

urlpatterns = [
    path("auth/token", Token.as_view(), name="token"),
    path("me", Me.as_view(), name="me"),
    path("tokens", Tokens.as_view(), name="tokens"),
    path("tokens/<uuid:token_id>", OneToken.as_view(), name="one-token"),
    path("teams", TeamList.as_view(), name="teams"),
    path("teams/import", TeamImport.as_view(), name="team-import"),
    path("teams/by-slug/<teamslug:slug>", TeamBySlug.as_view(), name="team-by-slug"),
    path("templates", TemplateList.as_view(), name="templates"),
    path("templates/<teamslug:template_key>/teams", TemplateUse.as_view(), name="template-use"),
    path(_TEAM, TeamDetail.as_view(), name="team"),
    path(f"{_TEAM}/export", TeamExport.as_view(), name="team-export"),
    path(f"{_TEAM}/versions", TeamVersions.as_view(), name="team-versions"),
    path(_VERSION, TeamVersion.as_view(), name="team-version"),
    path(f"{_VERSION}/diff", VersionDiff.as_view(), name="version-diff"),
    path(f"{_VERSION}/publish", VersionPublication.as_view(), name="version-publication"),
    path(f"{_TEAM}/invitations", TeamInvitations.as_view(), name="team-invitations"),
    path("invitations", InvitationList.as_view(), name="invitations"),
    path("invitations/<uuid:invitation_id>", InvitationDetail.as_view(), name="invitation"),
    path(
        "invitations/<uuid:invitation_id>/accept",
        InvitationAcceptance.as_view(),
        name="invitation-acceptance",
    ),
    path("workflows/validate", WorkflowValidation.as_view(), name="workflow-validation"),
    path("workflows/schema", WorkflowSchema.as_view(), name="workflow-schema"),
    path("agents", AgentList.as_view(), name="agents"),
    path("agents/<uuid:agent_id>", AgentDetail.as_view(), name="agent"),
]
