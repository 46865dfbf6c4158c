"""Why something that a person asked for was not done."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from teams.workflow.problems import Problem

_REFUSALS: Mapping[str, Any] = {
    "already_over": _("The execution has ended already."),
    "idempotency_key_reused": _("This form was used for another prompt. Reload the page and send it again."),
    "no_connection": _("The team has no connection to a Suna that is ready. Choose one and test it."),
    "no_workflow": _("The team has no workflow yet. Save one first."),
    "not_allowed": _("Your role in this team does not allow that. Ask its owner."),
    "team_inactive": _("The team is switched off. Its owner can switch it on."),
}
_PROBLEMS: Mapping[tuple[str, str], Any] = {
    ("/prompt", "required"): _("Say what the team should do."),
    ("/prompt", "too_large"): _("The prompt is too long: 256 KiB are the most."),
    ("/prompt", "surrogate"): _("The prompt holds a broken character. Remove it."),
    ("/prompt", "nul_character"): _("The prompt holds the character NUL. Remove it."),
    ("/idempotency_key", "invalid_value"): _("This form is damaged. Reload the page and send it again."),
}
REFUSAL_CODES = frozenset(_REFUSALS)


def refusal_sentence(*, code: str, message: str, problems: Sequence[Problem] = ()) -> str:
    """Return the refusal in the reader's language; the action's own English words where there is no other."""
    if problems:
        return " ".join(
            str(_PROBLEMS.get((problem.pointer, problem.code), problem.message)) for problem in problems[:5]
        )
    return str(_REFUSALS.get(code, message))
