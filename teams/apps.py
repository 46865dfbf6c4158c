"""The app's name and label."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """The app `teams`."""

    name = "teams"
    label = "teams"
