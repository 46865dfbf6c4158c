"""What became of a question, for whoever comes too late with an answer."""

import datetime as dt

from django.utils import formats, timezone
from django.utils.translation import gettext as _


def closed_sentence(*, state: str, name: str | None, closed_at: dt.datetime | None) -> str:
    """Return why a question takes no answer, in the reader's language and time.

    `name` is the person who gave one, None where nobody did.
    """
    local = None if closed_at is None else timezone.localtime(closed_at)
    moment = "" if local is None else formats.date_format(local, "SHORT_DATETIME_FORMAT")
    said = {"name": name, "moment": moment}
    if state == "answered" and name is not None:
        return _("%(name)s has answered this question already: %(moment)s.") % said
    if state == "answered":
        return _("The step's own policy has answered this question: %(moment)s.") % said
    if state == "expired":
        return _("The time for an answer was up: %(moment)s.") % said
    return _("The question was withdrawn: its step waits for no answer any more.")
