"""The addresses of the pages about teams."""

from django.urls import path

from teams.pages.builder import edit_workflow, new_team
from teams.pages.check_definition import check_text
from teams.pages.draw_definition import draw_definition
from teams.pages.export_document import export_document
from teams.pages.import_document import import_document
from teams.pages.invitation_verbs import invite, withdraw
from teams.pages.leave import leave
from teams.pages.list_templates import list_team_templates
from teams.pages.own_invitations import accept, decline, list_invitations
from teams.pages.show_people import show_people
from teams.pages.show_template import show_template
from teams.pages.team_settings import end_team, team_settings
from teams.pages.versions import compare_versions, restore, show_version

_TEAM = "teams/<uuid:team_id>/"

urlpatterns = [
    path("templates/", list_team_templates, name="template-list"),
    path("templates/<slug:key>/", show_template, name="template"),
    path("leave/", leave, name="leave"),
    path("teams/check/", check_text, name="team-check"),
    path("teams/drawing/", draw_definition, name="team-drawing"),
    path("teams/new/", new_team, name="team-new"),
    path("teams/import/", import_document, name="document-import"),
    path(f"{_TEAM}edit/", edit_workflow, name="team-edit"),
    path(f"{_TEAM}export/", export_document, name="team-export"),
    path(f"{_TEAM}versions/diff/", compare_versions, name="team-diff"),
    path(f"{_TEAM}versions/<int:number>/", show_version, name="team-version"),
    path(f"{_TEAM}versions/<int:number>/restore/", restore, name="team-version-restore"),
    path(f"{_TEAM}people/", show_people, name="team-people"),
    path(f"{_TEAM}people/invite/", invite, name="team-invite"),
    path(f"{_TEAM}people/invitations/<uuid:invitation_id>/withdraw/", withdraw, name="team-withdraw"),
    path(f"{_TEAM}settings/", team_settings, name="team-settings"),
    path(f"{_TEAM}delete/", end_team, name="team-delete"),
    path("invitations/", list_invitations, name="invitation-list"),
    path("invitations/<uuid:invitation_id>/accept/", accept, name="invitation-accept"),
    path("invitations/<uuid:invitation_id>/decline/", decline, name="invitation-decline"),
]
