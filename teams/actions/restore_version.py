"""Publishing an older workflow again."""

from collections.abc import Collection

from django.utils.translation import gettext as _

from teams.actions.refusal import InvalidInput, Refusal
from teams.actions.save_version import InvalidWorkflow, save_version
from teams.models import Team, User, WorkflowVersion


class AlreadyPublished(Refusal):
    """The version is the published one."""

    code = "already_published"


def restore_version(
    *,
    team: Team,
    by: User,
    version: WorkflowVersion,
    note: str = "",
    seen: Collection[str] | None = None,
    as_staff: bool = False,
) -> WorkflowVersion:
    """Save the version's text, byte for byte, as the team's next version, and publish it.

    It is a version of its own, so that the history goes one way and says who went back, and when. Raises
    NotAllowed for less than an editor, AlreadyPublished, InvalidInput where the language refuses by now what
    it once took, and with `seen` what `save_version` raises. With `as_staff`, the right to change teams
    counts instead of the role.
    """
    if team.published_version_id == version.pk:
        raise AlreadyPublished(f"Version {version.number} is the published one.")
    try:
        return save_version(
            team=team,
            by=by,
            source=version.source,
            seen=seen,
            as_staff=as_staff,
            note=note or _("Version %(number)s again") % {"number": version.number},
        )
    except InvalidWorkflow as error:
        message = "That version has problems by now and was not published."
        raise InvalidInput(message, problems=error.problems) from None
