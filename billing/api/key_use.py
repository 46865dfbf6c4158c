"""Which steps a person's key goes along with: those of the teams that they pay for, as published now."""

from dataclasses import dataclass

from teams.models import Team, User
from teams.workflow.parsing import read_definition

MAX_TEAMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """The steps of one team that are given the key. `is_sent` is false while the connection sends no keys."""

    team: Team
    steps: tuple[str, ...]
    is_sent: bool


def uses_of_key(user: User, service: str) -> list[KeyUse]:
    """Return the use of the user's key for a service, by team, in one query; of the newest 100 teams at most.

    A step that names no services is given all keys where its connection's Suna takes keys from everybody, as
    in the contract of the design document, and none elsewhere.
    """
    teams = Team.objects.paid_by(user)
    related = (
        teams.filter(published_version__isnull=False)
        .select_related("published_version", "connection")
        .defer("connection__sealed_credential", "published_version__source")
    )
    uses = []
    for team in related.order_by("-id")[:MAX_TEAMS]:
        steps = _steps_with(team, service)
        if steps:
            is_sent = team.connection is not None and team.connection.sends_user_keys
            uses.append(KeyUse(team=team, steps=steps, is_sent=is_sent))
    return uses


def _steps_with(team: Team, service: str) -> tuple[str, ...]:
    version, connection = team.published_version, team.connection
    plan = None if version is None else read_definition(version.definition).plan
    if plan is None:
        return ()
    takes_all = connection is not None and bool(connection.capabilities.get("honours_user_keys"))
    return tuple(
        step.id for step in plan.steps if (takes_all if step.services is None else service in step.services)
    )
