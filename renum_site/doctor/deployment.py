"""What Django's own checks and ours (renum_site.checks) say of the settings."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks
from django.utils.translation import gettext as _

from renum_site.doctor.finding import Finding, State


def look_at_deployment() -> Iterator[Finding]:
    """Run the checks; those that only a deployment has to pass are left out in development."""
    messages = checks.run_checks(include_deployment_checks=not settings.DEVELOPMENT)
    for message in messages:
        if message.is_silenced():
            continue
        # Django's own words, which nobody has translated.
        seen = f"{message.msg} ({message.id})"
        state = State.ERROR if message.is_serious() else State.WARNING
        yield _say(
            "settings", state, seen, message.hint or _("Look it up by its id in Django's documentation.")
        )
    if settings.DEVELOPMENT:
        yield _say(
            "development",
            State.WARNING,
            _("Renum runs in development mode: what only a deployment needs was not checked."),
            _("For a deployment set DEBUG=0 and a SECRET_KEY of your own, and ask again."),
        )
    elif not messages:
        seen = _("The settings pass every check of a deployment: secrets, hosts and https.")
        yield _say("settings", State.OK, seen)


def _say(check: str, state: State, seen: str, fix: str = "") -> Finding:
    return Finding(area="deployment", check=check, state=state, seen=seen, fix=fix)
