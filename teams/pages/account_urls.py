"""The addresses below /accounts/: allauth's, and before them what is ours of the same name."""

from allauth.account import views
from django.urls import include, path
from django.views.decorators.http import require_POST

from teams.pages.ask_new_password import ask_new_password
from teams.pages.own_addresses import own_addresses

urlpatterns = [
    path("login/", views.login, name="login"),
    path("logout/", require_POST(views.logout), name="logout"),
    path("password/reset/", ask_new_password, name="password-reset"),
    path("email/", own_addresses, name="own-addresses"),
    path("", include("allauth.account.urls")),
    path("second-factor/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
]
