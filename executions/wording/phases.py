"""The words for what a bar of a timeline shows."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

_WORDS: Mapping[str, Any] = {
    "waiting": _("waited for its place"),
    "starting": _("was being started"),
    "working": _("the agent worked"),
    "failed": _("an attempt that did not succeed"),
    "asking": _("waited for a person"),
    "pause": _("waited for the next attempt"),
}


def phase_words(phase: str) -> str:
    """Return the words for a phase of a step."""
    return str(_WORDS[phase])
