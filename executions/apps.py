"""The app's name and label."""

from django.apps import AppConfig


class ExecutionsConfig(AppConfig):
    """The app `executions`."""

    name = "executions"
    label = "executions"
