"""The site as an app: its commands, its system checks and its groups of staff."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class SiteConfig(AppConfig):
    """Registers the system checks."""

    name = "renum_site"
    label = "renum_site"

    def ready(self) -> None:
        """Load the checks, which register themselves, and keep the groups at each migration.

        Of the apps with models `executions` is the last: the rights of all others are there by then.
        """
        from renum_site import checks  # noqa: F401
        from renum_site.staff_groups import keep_staff_groups

        post_migrate.connect(keep_staff_groups, sender=apps.get_app_config("executions"))
