"""The words for statuses of executions, steps and runs."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

_WORDS: Mapping[str, Any] = {
    "queued": _("queued"),
    "running": _("running"),
    "paused": _("paused"),
    "cancelling": _("cancelling"),
    "quarantined": _("set aside"),
    "completed": _("completed"),
    "partial": _("partly completed"),
    "failed": _("failed"),
    "cancelled": _("cancelled"),
    "pending": _("waiting"),
    "ready": _("ready"),
    "starting": _("starting"),
    "start_uncertain": _("start not confirmed"),
    "retrying": _("will retry"),
    "waiting_input": _("waiting for an answer"),
    "skipped": _("skipped"),
    "created": _("prepared"),
    "unknown": _("unknown"),
    "stopped": _("stopped"),
    "abandoned": _("given up"),
}


def status_words(status: str) -> str:
    """Return the words for a status."""
    return str(_WORDS.get(status, status))
