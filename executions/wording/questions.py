"""What became of a question, for whoever comes too late with an answer."""

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from executions.models import Question


def closed_sentence(*, state: str, name: str | None, moment: str) -> str:
    """Return why a question takes no answer. `name` is the person who gave one, None where nobody did."""
    said = {"name": name, "moment": moment}
    if state == "answered" and name is not None:
        return _("%(name)s has answered this question already: %(moment)s.") % said
    if state == "answered":
        return _("The step's own policy has answered this question: %(moment)s.") % said
    if state == "expired":
        return _("The time for an answer was up: %(moment)s.") % said
    return _("The question was withdrawn: its step waits for no answer any more.")


def say_closed(question: Question) -> str:
    """Return what became of a question that takes no answer, in the reader's language and time."""
    by, at = question.answered_by, question.closed_at
    moment = "" if at is None else formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
    return closed_sentence(
        state=question.state, name=None if by is None else by.get_username(), moment=moment
    )
