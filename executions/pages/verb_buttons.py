"""The buttons for what may be asked of an execution: words, address and looks of each verb."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

_WORDS: Mapping[str, Any] = {
    "release": _("Release"),
    "resume": _("Resume"),
    "pause": _("Pause"),
    "cancel": _("Cancel"),
    "retry": _("Retry what is missing"),
    "run_again": _("Run again"),
    "start_again": _("Start again"),
    "give_up_start": _("Give up"),
}
_LOOKS: Mapping[str, str] = {
    "pause": "secondary outline",
    "cancel": "danger outline",
    "run_again": "secondary outline",
    "give_up_start": "danger outline",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbButton:
    """One button: a form of its own that is sent to `address`; sent twice with one key, it is done once."""

    verb: str
    words: str
    address: str
    looks: str
    form_key: str


def build_buttons(
    execution_id: uuid.UUID, verbs: Sequence[str], *, form_key: uuid.UUID
) -> tuple[VerbButton, ...]:
    """Return the buttons of these verbs, in their order; `form_key` is another one for each page."""
    return tuple(
        VerbButton(
            verb=verb,
            words=str(_WORDS[verb]),
            address=reverse(f"execution-{verb}", args=[execution_id]),
            looks=_LOOKS.get(verb, ""),
            form_key=f"{form_key}-{verb}",
        )
        for verb in verbs
    )
