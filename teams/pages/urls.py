"""The addresses of the pages about teams."""

from django.urls import path
from django.views.generic import RedirectView

from teams.pages.choose_connection import choose_connection
from teams.pages.leave import leave
from teams.pages.list_teams import list_teams
from teams.pages.show_team import show_team

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="team-list"), name="start"),
    path("teams/", list_teams, name="team-list"),
    path("teams/<uuid:team_id>/", show_team, name="team"),
    path("teams/<uuid:team_id>/connection/", choose_connection, name="team-connection"),
    path("leave/", leave, name="leave"),
]
