"""Which steps a person's key goes along with: those of the teams that they pay for, as published now."""

import threading
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from teams.models import Team, User, WorkflowVersion
from teams.workflow.parsing import read_definition

MAX_TEAMS = 100
MAX_KEPT = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """The steps of one team that are given the key. `is_sent` is false while the connection sends no keys."""

    team: Team
    steps: tuple[str, ...]
    is_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamServices:
    """What the steps of a team declare. A step without services takes all keys where `takes_all`."""

    team: Team
    declared: tuple[tuple[str, tuple[str, ...] | None], ...]
    takes_all: bool
    is_sent: bool

    def steps_with(self, service: str) -> tuple[str, ...]:
        """Return the steps that are given the key for a service."""
        return tuple(
            step_id
            for step_id, services in self.declared
            if (self.takes_all if services is None else service in services)
        )


class _Kept:
    """What versions declare. A version never changes, so that what was read of it once stays true."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._declared: dict[uuid.UUID, tuple[tuple[str, tuple[str, ...] | None], ...]] = {}

    def of(
        self, version_ids: Iterable[uuid.UUID]
    ) -> dict[uuid.UUID, tuple[tuple[str, tuple[str, ...] | None], ...]]:
        """Return it by version; those that are not known yet are read in one query."""
        wanted = list(version_ids)
        with self._lock:
            found = {pk: self._declared[pk] for pk in wanted if pk in self._declared}
        missing = [pk for pk in wanted if pk not in found]
        if missing:
            read = {
                version.pk: _declared_in(version)
                for version in WorkflowVersion.objects.filter(pk__in=missing).only("source")
            }
            found |= read
            with self._lock:
                if len(self._declared) + len(read) > MAX_KEPT:
                    self._declared.clear()
                self._declared |= read
        return found


_kept = _Kept()


def services_of_teams(user: User) -> Sequence[TeamServices]:
    """Return what the user's paid teams declare, in two queries at most; the newest 100 teams, newest first.

    A step that names no services is given all keys where its connection's Suna takes keys from everybody, as
    in the contract of the design document, and none elsewhere.
    """
    teams = Team.objects.paid_by(user).filter(published_version__isnull=False)
    related = teams.select_related("connection").defer("connection__sealed_credential")
    found = list(related.order_by("-id")[:MAX_TEAMS])
    declared = _kept.of(team.published_version_id for team in found if team.published_version_id)
    return [
        TeamServices(
            team=team,
            declared=declared.get(team.published_version_id, ()) if team.published_version_id else (),
            takes_all=team.connection is not None
            and bool(team.connection.capabilities.get("honours_user_keys")),
            is_sent=team.connection is not None and team.connection.sends_user_keys,
        )
        for team in found
    ]


def uses_of_key(user: User, service: str) -> list[KeyUse]:
    """Return the use of the user's key for a service, by team."""
    return uses_among(services_of_teams(user), service)


def uses_among(teams: Sequence[TeamServices], service: str) -> list[KeyUse]:
    """Return the use of a key for a service among teams that were read already."""
    uses = ((team, team.steps_with(service)) for team in teams)
    return [KeyUse(team=one.team, steps=steps, is_sent=one.is_sent) for one, steps in uses if steps]


def _declared_in(version: WorkflowVersion) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
    plan = read_definition(version.definition).plan
    return () if plan is None else tuple((step.id, step.services) for step in plan.steps)
