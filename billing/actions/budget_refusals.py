"""Why a budget was not set, in the reader's language and beside the field that it is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from teams.actions.refusal import Refusal

_FIELDS: Mapping[str, Any] = {
    "limit_usd": _("Write an amount in US dollars above 0 and below 100 million, such as 12.50."),
    "limits": _("Choose what it limits."),
    "span": _("Choose for how long."),
    "at_limit": _("Choose what happens at the limit."),
    "time_zone": _("Your account has a time zone that is not known here. Choose another one there."),
}
_NAMES: Mapping[str, Any] = {
    "required": _("Give it a name."),
    "too_large": _("A name has at most 100 characters."),
    "invalid_value": _("A name has no control or direction characters."),
}
_CODES: Mapping[str, Any] = {
    "busy": _("Costs are being written just now. Try again in some seconds."),
    "changed_meanwhile": _(
        "Somebody changed the budget meanwhile. Below is what you typed: compare, then save."
    ),
    "not_allowed": _("A team's budget is its owner's to set, and the site's is staff's."),
    "too_many_budgets": _("There are 20 already. Change one of them, or delete one."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormProblems:
    """Sentences: one for the whole form, "" for none, and one for each field that has a problem."""

    whole: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def explain(refusal: Refusal) -> FormProblems:
    """Return the refusal as sentences for the form."""
    fields: dict[str, str] = {}
    for problem in refusal.problems:
        name = problem.pointer.removeprefix("/")
        name = "limits" if name in ("scope", "team") else name
        words = _NAMES.get(problem.code) if name == "name" else _FIELDS.get(name)
        fields.setdefault(name, str(words or problem.message))
    if fields:
        return FormProblems(fields=fields)
    return FormProblems(whole=str(_CODES.get(refusal.code, refusal.message)))
