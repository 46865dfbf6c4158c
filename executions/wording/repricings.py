"""Why a re-pricing was not begun, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from teams.actions.refusal import Refusal

_SENTENCES: Mapping[str, Any] = {
    "too_many_rows": _("Choose a shorter period: 200,000 answers are the most at once."),
    "nothing_to_reprice": _("Every answer of that period costs what it would cost now."),
    "effect_changed": _("The answers or the prices changed meanwhile. Look at the effect again."),
}
_FIELDS: Mapping[str, Any] = {
    "/model_name": _("Name the model as the ledger shows it."),
    "/ends_at": _("The period has to be over, and to end after it begins."),
    "/reason": _("Say why, in at most 500 characters: it is kept with the act."),
}


def repricing_sentence(refusal: Refusal) -> str:
    """Return the refusal as a sentence."""
    if refusal.problems:
        return " ".join(str(_FIELDS.get(one.pointer, one.message)) for one in refusal.problems)
    return str(_SENTENCES.get(refusal.code, refusal.message))
