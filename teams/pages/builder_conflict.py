"""What a builder shows of a colleague's save until its author has decided: theirs, or mine on top of it."""

import re
from typing import Any

from django.utils.translation import gettext as _

from teams.models import Team, WorkflowVersion
from teams.pages.builder_draft import Draft
from teams.pages.diff_view import build_diff_view

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def conflict_shown(team: Team, draft: Draft, *, told_of: str) -> dict[str, Any]:
    """Return what the page shows of the version that its author was told of; nothing for no such version.

    Neither checking nor drawing decides anything: the notice stays until a save or the way back to theirs.
    """
    if not _NUMBER.fullmatch(told_of):
        return {}
    versions = WorkflowVersion.objects.filter(team=team).select_related("author")
    theirs = versions.filter(number=int(told_of)).first()
    if theirs is None:
        return {}
    diff = build_diff_view(theirs.definition, draft.carried, before_name=_("theirs"), after_name=_("yours"))
    return {"conflict": theirs, "next_number": theirs.number + 1, "diff": diff}
