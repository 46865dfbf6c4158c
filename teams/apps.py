"""The app's name and label."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """The app `teams`."""

    name = "teams"
    label = "teams"

    def ready(self) -> None:
        """Listen to what is written down."""
        import teams.actions.audit_signals  # noqa: F401  connects its receivers
