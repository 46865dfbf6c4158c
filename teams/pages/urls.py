"""The addresses of the pages about teams."""

from django.urls import path

from teams.pages.choose_connection import choose_connection
from teams.pages.leave import leave
from teams.pages.list_teams import list_teams
from teams.pages.list_templates import list_team_templates
from teams.pages.show_team import show_team
from teams.pages.show_template import show_template

urlpatterns = [
    path("templates/", list_team_templates, name="template-list"),
    path("templates/<slug:key>/", show_template, name="template"),
    path("teams/", list_teams, name="team-list"),
    path("teams/<uuid:team_id>/", show_team, name="team"),
    path("teams/<uuid:team_id>/connection/", choose_connection, name="team-connection"),
    path("leave/", leave, name="leave"),
]
