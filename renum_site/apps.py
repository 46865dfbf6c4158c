"""The site as an app: its commands and its system checks."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Registers the system checks."""

    name = "renum_site"
    label = "renum_site"

    def ready(self) -> None:
        """Load the checks; they register themselves."""
        from renum_site import checks  # noqa: F401
