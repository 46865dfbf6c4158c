"""Whether a team may want more runs at once than its connection is known to allow."""

from dataclasses import dataclass

from django.utils.translation import ngettext

from teams.actions.save_version import check_definition
from teams.models import Team
from teams.workflow.problems import Problem

CODE = "wider_than_connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """How many steps may run at once (`width`), and how many the connection allows (`limit`)."""

    width: int
    limit: int

    @property
    def sentence(self) -> str:
        """The same in words, in the reader's language."""
        return ngettext(
            "%(width)s steps may run at once, its Suna allows %(limit)s: the others wait.",
            "%(width)s steps may run at once, its Suna allows %(limit)s: the others wait.",
            self.limit,
        ) % {"width": self.width, "limit": self.limit}


def find_excess(team: Team) -> Excess | None:
    """Return by how much the team's published workflow is wider than its connection; None where it is not."""
    if team.published_version is None:
        return None
    return excess_in(check_definition(team.published_version.definition, team=team).warnings)


def excess_in(warnings: tuple[Problem, ...]) -> Excess | None:
    """Return what the warnings of a definition say about its width."""
    for warning in warnings:
        if warning.code == CODE:
            return Excess(width=warning.params["width"], limit=warning.params["limit"])
    return None
