"""What was wrong with a block in which an agent wrote to its team."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

_WORDS: Mapping[str, Any] = {
    "not_closed": _("The block has no end."),
    "several_blocks": _("There are several blocks; one is the most."),
    "malformed_json": _("It is not JSON."),
    "duplicate_key": _("A name stands twice in one object."),
    "not_finite": _("It holds a number that is none, such as NaN."),
    "number_out_of_range": _("A number is too large to be kept exactly."),
    "too_deep": _("It is nested too deeply."),
    "too_many_items": _("A list or an object has too many members."),
    "nul_character": _("It holds the character NUL."),
    "surrogate": _("It holds a broken character."),
    "too_large": _("It is too large."),
    "wrong_type": _("It has the wrong form."),
    "unknown_field": _("It holds a name that nobody knows."),
    "required": _("Something is missing here."),
    "out_of_range": _("The time is not between 1 second and 24 hours."),
    "unexpected_key": _("It does not belong here, together with the rest."),
    "invalid_value": _("It is none of the values that are possible."),
    "invalid_key": _("A key has letters, digits and . _ : - and begins with a letter or a digit."),
    "reserved_key": _("Under this key stands a step's own result."),
    "too_many_messages": _("These are more messages than one answer may hold."),
    "too_many_changes": _("These are more changes than one answer may hold."),
    "team_is_full": _("The team has sent all the messages that it may."),
    "unknown_step": _("The team has no such step."),
    "not_listening": _("That step is told no messages."),
    "unknown_message": _("There is no such message."),
    "not_a_list": _("The key holds something that is no list."),
    "not_an_object": _("Only objects can be merged."),
    "not_a_number": _("Only numbers can be compared."),
}
MISTAKE_CODES = frozenset(_WORDS)


def mistake_sentence(code: str) -> str:
    """Return what a mistake says; one without words is named as it is."""
    return str(_WORDS.get(code, code))
