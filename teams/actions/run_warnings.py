"""What there is to say before a team is run and of a run just started: one list, whoever tells it."""

from collections.abc import Iterable
from dataclasses import replace

from teams.actions.catalogue_warnings import CATALOGUE_CODES
from teams.actions.save_version import check_definition
from teams.actions.team_width import CODE as TOO_WIDE
from teams.actions.team_width import excess_in
from teams.models import Team, WorkflowVersion
from teams.workflow.problems import Problem


def run_warnings_of(team: Team, version: WorkflowVersion | None) -> tuple[Problem, ...]:
    """Return the warnings of a version of the team's workflow on its connection; none where there is none."""
    return (
        () if version is None else run_warnings_in(check_definition(version.definition, team=team).warnings)
    )


def run_warnings_in(warnings: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return those warnings of a definition that hang on its connection, in the reader's language.

    They are agents that are missing or changed, keys that nobody uses, and more steps at once than allowed.
    """
    told = tuple(warnings)
    excess = excess_in(told)
    return tuple(
        warning if excess is None or warning.code != TOO_WIDE else replace(warning, message=excess.sentence)
        for warning in told
        if warning.code in {*CATALOGUE_CODES, TOO_WIDE}
    )
